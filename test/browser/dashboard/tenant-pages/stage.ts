// One stack and one signed-in person for all pages of an assistant: starting them takes longer than most of these tests.
// Answers about the assistant are fixtures; everything else is real.

import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import {
  DESK,
  type DashboardUnderTest,
  newEmail,
  openContext,
  openDashboard,
  type SignedIn,
  signUp,
  type View,
  visit,
} from '../dashboard-under-test.ts';
import { serveTenant, type TenantFixture, TENANT_ID } from '../fixtures.ts';

export const OVERVIEW = `/a/${TENANT_ID}`;

interface Scene {
  readonly fixture?: TenantFixture;
  readonly view?: View;
  /** A page of the assistant, such as "usage"; absent is its overview. */
  readonly at?: string;
}

export interface Stage {
  /** Opens a page of an assistant in the given state, does the rest, and closes the browser. */
  on(scene: Scene, run: (page: Page, context: BrowserContext) => Promise<void>): Promise<void>;
  readonly origin: () => string;
}

/** For the file that is run: starts before its tests and ends after them. */
export function stageForThisFile(): Stage {
  let dashboard: DashboardUnderTest;
  let ada: SignedIn;
  beforeAll(async () => {
    dashboard = await openDashboard();
    ada = await signUp(dashboard, newEmail('tenant'));
  });
  afterAll(async () => dashboard.close());
  return {
    origin: () => dashboard.origin,
    on: async ({ fixture = {}, view = DESK, at }, run) => {
      const context = await openContext(dashboard, view, ada);
      try {
        const page = await context.newPage();
        await serveTenant(page, fixture);
        await visit(page, at === undefined ? OVERVIEW : `${OVERVIEW}/${at}`, 'Nora');
        await run(page, context);
      } finally {
        await context.close();
      }
    },
  };
}

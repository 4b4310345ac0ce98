// The snapshots of an assistant as a person uses them: what is listed, the question before a restore with what would
// change, taking one by hand, the way back; on a phone and in the dark, without a mouse. Answers are fixtures.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  accessibilityProblems,
  DESK,
  type DashboardUnderTest,
  hasFocus,
  inPage,
  newEmail,
  openContext,
  openDashboard,
  PHONE,
  sidewaysOverflowPx,
  type SignedIn,
  signUp,
  visit,
} from './dashboard-under-test.ts';
import { putFile, serveProblem, serveTenant, snapshotFiles, type TenantFixture, TENANT_ID } from './fixtures.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, newEmail('snapshots'));
});
afterAll(async () => dashboard.close());

const path = `/a/${TENANT_ID}/snapshots`;
const list = `**/api/v1/tenants/${TENANT_ID}/snapshots`;

async function onPage(run: (page: Page) => Promise<void>, view = DESK, fixture: TenantFixture = {}): Promise<void> {
  const context = await openContext(dashboard, view, ada);
  try {
    const page = await context.newPage();
    await serveTenant(page, fixture);
    await run(page);
  } finally {
    await context.close();
  }
}

/** Keeps what is sent, and answers with an operation that was begun. */
async function record(page: Page): Promise<{ url: string; body: string | null }[]> {
  const sent: { url: string; body: string | null }[] = [];
  await page.route('**/api/v1/tenants/**', async (route) => {
    const request = route.request();
    if (request.method() === 'GET') return route.fallback();
    sent.push({ url: new URL(request.url()).pathname, body: request.postData() });
    const operation = {
      id: `op_${'0'.repeat(26)}`,
      tenantId: TENANT_ID,
      kind: 'restore',
      startedAtMs: Date.now(),
      finishedAtMs: null,
      steps: [],
      attempt: 1,
      error: null,
    };
    return route.fulfill({ status: 202, json: operation });
  });
  return sent;
}

describe('the list', () => {
  test('says why, what, and what is special about each', async () => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      const rows = page.getByRole('list', { name: 'Snapshots, newest first' }).getByRole('listitem');
      await rows.first().waitFor();
      const texts = await rows.allInnerTexts();
      expect(texts).toHaveLength(3);
      expect(texts[0]).toMatch(/Current[^]*Before it fell asleep[^]*212 files, 9 conversations/);
      expect(texts[1]).toMatch(/Set aside[^]*Accept/);
      expect(texts[2]).toMatch(/Protected[^]*Taken by hand: before the talk[^]*restore proven/);
    });
  });

  test.each([
    ['on a desk', DESK],
    ['on a phone', PHONE],
    ['on a phone in the dark', { ...PHONE, theme: 'dark' as const }],
  ])('has no accessibility problem and fits %s, also with the question open', async (_, view) => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      await page.getByText('before the talk').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sidewaysOverflowPx(page)).toBe(0);
      await page
        .getByRole('button', { name: /^Restore the snapshot/ })
        .last()
        .click();
      await page.getByText('Compared with the newest snapshot').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sidewaysOverflowPx(page)).toBe(0);
    }, view);
  });

  test('that cannot be read says what happened and tries again', async () => {
    await onPage(async (page) => {
      await serveProblem(page, list, {
        status: 502,
        code: 'tenant_unreachable',
        detail: 'The cell does not answer.',
        next: 'Try again in a moment.',
      });
      await visit(page, path, 'Nora');
      await page.getByRole('alert').getByText('The cell does not answer.').waitFor();
      await page.unroute(list);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('before the talk').waitFor();
    });
  });

  test('that is empty says when there will be one', async () => {
    await onPage(async (page) => {
      await page.route(list, (route) => route.fulfill({ json: { items: [], restore: null } }));
      await visit(page, path, 'Nora');
      await page.getByRole('heading', { name: 'Nothing is saved yet' }).waitFor();
    });
  });
});

describe('a restore', () => {
  test('asks first, with what would change, and is sent once confirmed; by keyboard alone', async () => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      const sent = await record(page);
      const button = page.getByRole('button', { name: /^Restore the snapshot/ }).last();
      await button.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('4 files go away').waitFor();
      await dialog.getByText('1 conversation goes away').waitFor();
      await dialog.getByText('The configuration differs in: agents.').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(sent).toEqual([]);
      await button.press('Enter');
      await dialog.getByRole('button', { name: 'Restore this snapshot' }).press('Enter');
      await page.getByText('The restore has begun.').waitFor();
      expect(sent.map(({ url }) => url)).toEqual([expect.stringMatching(/\/snapshots\/[0-9a-z]{26}\/restore$/)]);
    });
  });

  test('is undone on the page', async () => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      const sent = await record(page);
      await page.getByRole('button', { name: 'Undo the restore' }).click();
      await page.getByRole('button', { name: 'Bring it back' }).click();
      await page.getByText('What was there before is coming back.').waitFor();
      expect(sent.map(({ url }) => url)).toEqual([`/api/v1/tenants/${TENANT_ID}/undo-restore`]);
    });
  });
});

describe('the question', () => {
  test('asked again in the moment it closes is there; closed by its button it gives the focus back', async () => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      const button = page.getByRole('button', { name: /^Restore the snapshot/ }).last();
      const dialog = page.getByRole('dialog');
      await button.press('Enter');
      await dialog.waitFor();
      // A browser tells of the closing in a task of its own: after what is asked in this one, drawn in between.
      await inPage(
        page,
        `(async () => {
          [...document.querySelectorAll('dialog[open] button')].find((one) => one.textContent === 'Cancel').click();
          for (let turn = 0; document.querySelector('dialog[open]') && turn < 1000; turn += 1) await null;
          [...document.querySelectorAll('button[aria-label^="Restore the snapshot"]')].at(-1).click();
        })()`,
      );
      await dialog.getByRole('button', { name: 'Cancel' }).press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await expect.poll(() => hasFocus(button)).toBe(true);
    });
  });
});

describe('one by hand', () => {
  test('takes a note along', async () => {
    await onPage(async (page) => {
      await visit(page, path, 'Nora');
      const sent = await record(page);
      await page.getByRole('button', { name: 'Take one now' }).click();
      await page.getByRole('textbox', { name: 'Note' }).fill('before the talk');
      await page.getByRole('button', { name: 'Take snapshot' }).click();
      await page.getByText('The snapshot is being taken.').waitFor();
      expect(sent.map(({ body }) => body)).toEqual([JSON.stringify({ note: 'before the talk' })]);
    });
  });

  test('cannot be had of a sleeping assistant, and says why', async () => {
    await onPage(
      async (page) => {
        await visit(page, path, 'Nora');
        await page.getByRole('button', { name: 'Take one now' }).focus();
        await page.getByRole('tooltip').getByText('it must be awake').waitFor();
      },
      DESK,
      { state: 'asleep' },
    );
  });
});

describe('the files of one', () => {
  test('are found, taken and put back, and that is undone; a database says why not', async () => {
    await onPage(async (page) => {
      const asked: URLSearchParams[] = [];
      await page.route('**/snapshots/*/files?**', (route) => {
        asked.push(new URL(route.request().url()).searchParams);
        return route.fulfill({ json: snapshotFiles() });
      });
      let put = false;
      await page.route('**/put-files', (route) => route.fulfill({ json: { items: put ? [putFile('done')] : [] } }));
      await page.route('**/put-files/*/undo', (route) => {
        put = false;
        return route.fulfill({ json: putFile('undone') });
      });
      await page.route(/\/snapshots\/[^/]+\/file(\?|$)/, (route) => {
        if (route.request().method() === 'GET') return route.fulfill({ body: 'Nora likes the sea.' });
        expect(route.request().postDataJSON()).toEqual({ path: 'workspace/MEMORY.md' });
        put = true;
        return route.fulfill({ json: putFile('done') });
      });
      await visit(page, path, 'Nora');
      await page
        .getByRole('link', { name: /^Files of the snapshot/ })
        .last()
        .click();
      const rows = page.getByRole('list', { name: 'Files of the snapshot' }).getByRole('listitem');
      await rows.first().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.getByRole('searchbox', { name: 'Find a file' }).fill('memory');
      await page.getByRole('searchbox', { name: 'Find a file' }).press('Enter');
      await page.getByRole('checkbox', { name: 'Only what is different now' }).check();
      await expect.poll(() => asked.at(-1)?.toString()).toBe('search=memory&show=differing&offset=0&limit=100');

      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download workspace/MEMORY.md' }).click();
      expect((await saved).suggestedFilename()).toBe('MEMORY.md');

      await page.getByRole('button', { name: 'Put back state/openclaw.sqlite' }).focus();
      await page.getByRole('tooltip').getByText('A database is open').waitFor();
      await page.getByRole('button', { name: 'Put back workspace/MEMORY.md' }).click();
      await page.getByRole('button', { name: 'Put it back' }).click();
      await page.getByText('What it replaced is kept.').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('MEMORY.md is as it was before.').waitFor();
      await page.getByText('What it replaced is kept.').waitFor({ state: 'detached' });
    });
  });

  test('fit a phone in the dark; one that cannot be had is told with its code', async () => {
    await onPage(
      async (page) => {
        await page.route('**/snapshots/*/file?**', (route) =>
          route.fulfill({
            status: 500,
            contentType: 'application/problem+json',
            json: {
              type: 'about:blank',
              title: 'The saved state cannot be read back',
              status: 500,
              code: 'export_unreadable',
              detail: 'The saved state could not be opened.',
              next: 'Choose an earlier snapshot.',
              requestId: 'req_1',
            },
          }),
        );
        await visit(page, `${path}/${'0'.repeat(26)}`, 'Nora');
        await page.getByRole('button', { name: 'Download workspace/MEMORY.md' }).click();
        await page.getByRole('alert').getByText('export_unreadable').waitFor();
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(await sidewaysOverflowPx(page)).toBe(0);
        await page.getByRole('button', { name: 'Put back workspace/MEMORY.md' }).focus();
        await page.getByRole('tooltip').getByText('it must be awake').waitFor();
      },
      { ...PHONE, theme: 'dark' },
      { state: 'asleep' },
    );
  });
});

// Bringing an OpenClaw as a person does: choosing and dropping a file, a line that breaks, the conversion step by step,
// the report, the switch; without a mouse, on a phone, in the dark. The server's side is a stand-in that counts parts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { type ImportView, importPartBytes } from '../../../apps/control-plane/src/contract/imports.ts';
import {
  accessibilityProblems,
  DESK,
  type DashboardUnderTest,
  hasFocus,
  newEmail,
  openContext,
  openDashboard,
  PHONE,
  sidewaysOverflowPx,
  type SignedIn,
  signUp,
  visit,
} from './dashboard-under-test.ts';
import { serveProblem, serveTenant, slowOperation, TENANT_ID } from './fixtures.ts';
import { convertedUpload, upload } from './import-fixtures.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, newEmail('bring'));
});
afterAll(async () => dashboard.close());

const path = `/a/${TENANT_ID}`;
const listGlob = `**/api/v1/tenants/${TENANT_ID}/imports`;
const operation = {
  ...slowOperation(),
  kind: 'import' as const,
  steps: [
    { name: 'container' as const, startedAtMs: Date.now() - 9_000, endedAtMs: Date.now() - 5_000, ok: true },
    { name: 'convert' as const, startedAtMs: Date.now() - 5_000, endedAtMs: null, ok: null },
  ],
};

/** The server's side of one upload: what it has, what it was sent, and how often the line still breaks. */
interface Side {
  imports: ImportView[];
  readonly sent: string[];
  breaksAtPart: number | null;
}

async function onPage(
  run: (page: Page, side: Side) => Promise<void>,
  imports: readonly ImportView[] = [],
  view = DESK,
): Promise<void> {
  const context = await openContext(dashboard, view, ada);
  const side: Side = { imports: [...imports], sent: [], breaksAtPart: null };
  try {
    const page = await context.newPage();
    await serveTenant(page);
    await page.route('**/api/v1/operations/*', (route) => route.fulfill({ json: operation }));
    await page.route(`${listGlob}**`, async (route) => {
      const request = route.request();
      const rest = new URL(request.url()).pathname.split('/imports')[1] ?? '';
      const action = `${request.method()} ${rest.replace(/imp_\w+/, ':id')}`;
      if (action === 'GET ') return route.fulfill({ json: { items: side.imports } });
      side.sent.push(action);
      const part = /^PUT \/:id\/parts\/(\d+)$/.exec(action)?.[1];
      const [first] = side.imports;
      if (action === 'POST ') {
        const asked = request.postDataJSON() as { fileName: string; bytes: number };
        side.imports = [upload({ ...asked, nextPart: 0 })];
      } else if (part !== undefined) {
        if (Number(part) === side.breaksAtPart) return route.abort('connectionreset');
        side.imports = [upload({ ...first, nextPart: Number(part) + 1 })];
      } else if (action.endsWith('/start')) {
        side.imports = [upload({ ...first, state: 'converting', operationId: operation.id })];
        return route.fulfill({ status: 202, json: operation });
      } else if (action.endsWith('/apply')) {
        return route.fulfill({ status: 202, json: { ...operation, kind: 'restore' } });
      } else {
        side.imports = [upload({ ...first, state: 'failed', error: { code: 'removed', detail: 'Taken back.' } })];
      }
      return route.fulfill({ status: action === 'POST ' ? 201 : 200, json: side.imports[0] });
    });
    await visit(page, path, 'Nora');
    await page.getByText('Choose a file').waitFor();
    await run(page, side);
  } finally {
    await context.close();
  }
}

const bytes = 2 * importPartBytes + 5;
const file = { name: 'openclaw.tar.gz', mimeType: 'application/gzip', buffer: Buffer.alloc(bytes, 'x') };
const choice = (page: Page) => page.getByLabel('Choose a file');
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 4, name });

describe('a file', () => {
  test('is sent in parts, and goes on where the line broke', async () => {
    await onPage(async (page, side) => {
      side.breaksAtPart = 1;
      await choice(page).setInputFiles(file);
      await page.getByText('What has arrived is kept.').waitFor();
      expect(await page.getByRole('progressbar').getAttribute('value')).toBe(String(importPartBytes));
      expect(await accessibilityProblems(page)).toEqual([]);
      side.breaksAtPart = null;
      await page.getByRole('button', { name: 'Retry' }).press('Enter');
      await heading(page, 'Converting openclaw.tar.gz').waitFor();
      expect(side.sent).toEqual([
        'POST ',
        'PUT /:id/parts/0',
        'PUT /:id/parts/1',
        'PUT /:id/parts/1',
        'PUT /:id/parts/2',
        'POST /:id/start',
      ]);
    });
  });

  test('that was half sent is gone on with by choosing it again, or discarded', async () => {
    await onPage(
      async (page, side) => {
        await heading(page, 'openclaw.tar.gz is half sent').waitFor();
        await choice(page).setInputFiles(file);
        await heading(page, 'Converting openclaw.tar.gz').waitFor();
        expect(side.sent).toEqual(['PUT /:id/parts/1', 'PUT /:id/parts/2', 'POST /:id/start']);
      },
      [upload()],
    );
    await onPage(
      async (page, side) => {
        await page.getByRole('button', { name: 'Discard' }).press('Enter');
        await heading(page, 'openclaw.tar.gz is half sent').waitFor({ state: 'detached' });
        await page.getByText('Earlier uploads (1)').click();
        await page.getByText(/taken back/).waitFor();
        expect(side.sent).toEqual(['DELETE /:id']);
      },
      [upload()],
    );
  });

  test('is taken back while its sending is stopped', async () => {
    await onPage(async (page, side) => {
      side.breaksAtPart = 0;
      await choice(page).setInputFiles(file);
      await page.getByRole('button', { name: 'Retry' }).waitFor();
      await page.getByRole('button', { name: 'Cancel the upload' }).click();
      await choice(page).waitFor();
      await page.getByText('The upload is discarded.').waitFor();
      expect(side.sent.at(-1)).toBe('DELETE /:id');
    });
  });

  test('can be dropped; a zip and an empty one are refused before anything is sent', async () => {
    await onPage(async (page, side) => {
      const drop = (name: string, text: string): Promise<unknown> =>
        page.evaluate(
          `{ const data = new DataTransfer();
             data.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}));
             [...document.querySelectorAll('label')].find((each) => each.innerText.includes('Choose a file'))
               .dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data })); }`,
        );
      await drop('openclaw.zip', 'PK');
      await page.getByRole('alert').getByText('A .zip is not taken').waitFor();
      await drop('empty.tar', '');
      await page.getByRole('alert').getByText('empty.tar is empty').waitFor();
      expect(side.sent).toEqual([]);
      await drop('small.tar', 'x');
      await heading(page, 'Converting small.tar').waitFor();
      expect(side.sent).toEqual(['POST ', 'PUT /:id/parts/0', 'POST /:id/start']);
    });
  });
});

test('the conversion shows its steps while it runs', async () => {
  await onPage(
    async (page) => {
      await page.getByText('Unpacking and cleaning', { exact: true }).last().waitFor();
      await page.getByText('Done: Starting the container').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
    },
    [upload({ nextPart: 3, state: 'converting', operationId: operation.id })],
  );
});

describe('what came of it', () => {
  test.each([
    ['on a desk', DESK],
    ['on a phone in the dark', PHONE],
  ])('is reported, and has no accessibility problem %s', async (_, view) => {
    await onPage(
      async (page) => {
        const card = page.getByRole('article');
        await heading(page, 'openclaw.tar.gz is ready').waitFor();
        const text = await card.innerText();
        expect(text).toMatch(/An OpenClaw, version 2026\.2\.3\.[^]*9 conversations[^]*212 files in all, 9\.3 MB/);
        expect(text).toMatch(/Keys and logins: enter them again \(7\)[^]*Links that lead out of the folder \(1\)/);
        expect(text).toMatch(/telegram is turned off[^]*1 file was changed since/);
        await page.getByText('Keys and logins').click();
        await page.getByText('.openclaw/credentials/oauth.json').waitFor();
        await page.getByText('How to pack it').click();
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(await sidewaysOverflowPx(page)).toBe(0);
      },
      [convertedUpload()],
      view,
    );
  });

  test('is switched to once confirmed, by keyboard alone', async () => {
    await onPage(
      async (page, side) => {
        const button = page.getByRole('article').getByRole('button', { name: 'Switch to it' });
        await button.press('Enter');
        const dialog = page.getByRole('dialog');
        await dialog.getByText(/What is there now is kept, and you can undo this/).waitFor();
        expect(await accessibilityProblems(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
        expect(side.sent).toEqual([]);
        await button.press('Enter');
        await dialog.getByRole('button', { name: 'Switch to it' }).press('Enter');
        await page.getByText('The switch has begun.').waitFor();
        expect(side.sent).toEqual(['POST /:id/apply']);
      },
      [convertedUpload()],
    );
  });

  test('is discarded when it is not wanted, and not once it is in use', async () => {
    await onPage(
      async (page, side) => {
        await page.getByText(/kept as a protected snapshot until/).waitFor();
        await page.getByRole('article').getByRole('button', { name: 'Discard' }).press('Enter');
        await heading(page, 'openclaw.tar.gz is ready').waitFor({ state: 'detached' });
        expect(side.sent).toEqual(['DELETE /:id']);
      },
      [{ ...convertedUpload(), keptUntilMs: Date.now() + 86_400_000 }],
    );
    await onPage(
      async (page, side) => {
        await page.getByText(/it is one of its snapshots now/).waitFor();
        const discard = page.getByRole('article').getByRole('button', { name: 'Discard' });
        await discard.press('Enter');
        expect(await discard.getAttribute('aria-disabled')).toBe('true');
        expect(side.sent).toEqual([]);
      },
      [{ ...convertedUpload(), inUse: true }],
    );
  });

  test('says why it was not taken', async () => {
    const error = { code: 'archive_refused', detail: 'state/openclaw.sqlite is damaged.' };
    await onPage(
      async (page) => {
        await heading(page, 'openclaw.tar.gz was not taken').waitFor();
        await page.getByText('state/openclaw.sqlite is damaged.').waitFor();
      },
      [upload({ nextPart: 3, state: 'failed', error })],
    );
  });
});

test('a list that cannot be read says so and tries again; the keyboard reaches the choice', async () => {
  await onPage(async (page) => {
    const problem = { status: 502, code: 'tenant_unreachable', detail: 'The cell does not answer.', next: 'Wait.' };
    await serveProblem(page, listGlob, problem);
    await page.reload();
    await page.getByRole('alert').getByText('The cell does not answer.').waitFor();
    await page.unroute(listGlob);
    await page.getByRole('button', { name: 'Try again' }).press('Enter');
    await choice(page).waitFor({ state: 'attached' });
    await page.getByText('How to pack it').focus();
    await page.keyboard.press('Tab');
    expect(await hasFocus(choice(page))).toBe(true);
  });
});

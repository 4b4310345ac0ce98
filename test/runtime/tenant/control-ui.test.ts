// The Control UI behind the gate: our script put into a page by the real rewriter, and files of the release that runs.

import { describe, expect, it } from 'vitest';
import { withTabScript } from '../../../apps/tenant-worker/src/adapters/tab-script.ts';
import { bindings, change, inside, provisioned, refOf } from './support/provisioned.ts';

describe('our script', () => {
  const through = async (html: string): Promise<string> => withTabScript(new Response(html)).text();

  it('comes first in the head of the Control UI', async () => {
    const html =
      '<html data-openclaw-control-ui-build-id="1" lang="en"><head><title>x</title></head><body></body></html>';
    expect(await through(html)).toBe(html.replace('<head>', '<head><script src="/__tidepool/tab.js" defer></script>'));
  });

  it('leaves any other document as it is', async () => {
    const html = '<html lang="en"><head><title>data-openclaw-control-ui-build-id</title></head></html>';
    expect(await through(html)).toBe(html);
  });
});

it('is of the release that runs, also when another one is wanted', async () => {
  const ref = refOf('5', 'stays-7f3k');
  await provisioned(ref);
  const sessionHash = 'a'.repeat(43);
  await inside(ref, (sql) =>
    sql.exec(
      `INSERT INTO session (session_hash, host, user_id, role, parent_session_hash, created_at_ms, seen_at_ms, ends_at_ms)
       VALUES (?, 'stays-7f3k.localhost', 'usr_1', 'owner', ?, ?, ?, ?)`,
      sessionHash,
      'b'.repeat(43),
      Date.now(),
      Date.now(),
      Date.now() + 60_000,
    ),
  );
  // An upgrade was tried and the assistant stayed.
  await change(ref, ({ spec }) => ({
    state: { kind: 'asleep', incarnation: 1, sinceMs: 1 },
    spec: { ...spec, release: '2026.9.6' },
    release: '2026.8.2',
    upgradeFailure: { to: '2026.9.6', code: 'gateway_exit', detail: 'It ended.', atMs: 1 },
  }));
  const admitted = await bindings.TENANT.getByName(ref.slug).admit({ sessionHash });
  expect(admitted).toMatchObject({ kind: 'admitted', release: '2026.8.2' });
});

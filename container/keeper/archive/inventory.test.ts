/** What an inventory says of a state, and that it stays small and never stands in the way. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { filesListedMax, foldersListedMax, inventorySchema } from '../inventory-contract.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { makeInventory, readContents } from './inventory.ts';
import type { ManifestFile } from './manifest.ts';

const file = (at: string, sha = 'a'): ManifestFile => ({
  path: at,
  bytes: 10,
  sha256: sha.repeat(64),
  mode: 0o600,
  mtimeMs: 1,
});
const nothing = { sessions: [], sessionCount: 0, cronJobs: 0, config: null };

/** Tables as OpenClaw 2026.9.6 has them, with the columns that are asked. */
function agentDatabase(at: string): void {
  const db = new DatabaseSync(at);
  db.exec(`CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, label TEXT, display_name TEXT, updated_at INTEGER);
    CREATE TABLE session_windows (session_id TEXT PRIMARY KEY, session_key TEXT);
    CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, PRIMARY KEY (session_id, seq));
    INSERT INTO session_nodes VALUES ('agent:main:main', 'Holiday', NULL, 20), ('agent:main:two', NULL, NULL, 30);
    INSERT INTO session_windows VALUES ('w1', 'agent:main:main'), ('w2', 'agent:main:main'), ('w3', 'agent:main:two');
    INSERT INTO transcript_events VALUES ('w1', 0, '{"type":"session"}'), ('w1', 1, '{"type":"message","id":1}'),
      ('w2', 0, '{"type":"message","id":2}'), ('w2', 1, NULL)`);
  db.close();
}

describe('the contents', () => {
  it('are conversations, cron jobs and the hashed parts of the configuration', () => {
    const dir = temporaryFolder();
    agentDatabase(path.join(dir, 'agent.sqlite'));
    const state = new DatabaseSync(path.join(dir, 'state.sqlite'));
    state.exec('CREATE TABLE cron_jobs (job_id TEXT); INSERT INTO cron_jobs VALUES (1), (2)');
    state.close();
    writeFileSync(path.join(dir, 'openclaw.json'), JSON.stringify({ agents: { a: 1 }, gateway: { token: 'secret' } }));
    const staged = new Map([
      ['agents/main/agent/openclaw-agent.sqlite', path.join(dir, 'agent.sqlite')],
      ['state/openclaw.sqlite', path.join(dir, 'state.sqlite')],
    ]);
    const contents = readContents(dir, staged);
    expect(contents.sessions).toEqual([
      { id: 'agent:main:two', title: null, updatedAtMs: 30, messages: 0 },
      { id: 'agent:main:main', title: 'Holiday', updatedAtMs: 20, messages: 3 },
    ]);
    expect([contents.sessionCount, contents.cronJobs]).toEqual([2, 2]);
    expect(Object.keys(contents.config ?? {})).toEqual(['agents', 'gateway']);
    expect(JSON.stringify(contents)).not.toContain('secret');
  });

  it('that cannot be asked are left out', () => {
    const dir = temporaryFolder();
    mkdirSync(path.join(dir, 'x'));
    writeFileSync(path.join(dir, 'x', 'other.sqlite'), 'no database');
    writeFileSync(path.join(dir, 'openclaw.json'), '{ not: json');
    const staged = new Map([
      ['agents/main/agent/openclaw-agent.sqlite', path.join(dir, 'x', 'other.sqlite')],
      ['state/openclaw.sqlite', path.join(dir, 'x', 'gone.sqlite')],
    ]);
    expect(readContents(dir, staged)).toEqual({ sessions: [], sessionCount: null, cronJobs: null, config: null });
  });
});

describe('the files', () => {
  it('are listed one by one', () => {
    const made = makeInventory([file('workspace/a.md'), file('openclaw.json')], nothing);
    expect(made).toMatchObject({ listing: 'files', files: 2, bytes: 20 });
    expect(made.items[0]).toEqual({ path: 'workspace/a.md', bytes: 10, sha256: 'a'.repeat(64), files: 1 });
  });

  it('are folded into folders when there are too many, and a change below is still seen', () => {
    const files = Array.from({ length: filesListedMax + 1 }, (_, n) => file(`workspace/d${n % 9_000}/e/f/g/${n}.md`));
    const made = makeInventory(files, nothing);
    expect(made).toMatchObject({ listing: 'folders', files: filesListedMax + 1 });
    expect(made.items).toHaveLength(foldersListedMax);
    expect(inventorySchema.parse(made)).toEqual(made);
    const [first, ...rest] = files;
    const changed = makeInventory([{ ...(first ?? file('')), sha256: 'b'.repeat(64) }, ...rest], nothing);
    expect(changed.items.filter((item, n) => item.sha256 !== made.items[n]?.sha256).map((item) => item.path)).toEqual([
      'workspace/d0/e/',
    ]);
  });
});

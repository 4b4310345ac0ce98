import { describe, expect, it, test } from 'vitest';
import type { Inventory } from '../../../../../container/keeper/inventory-contract.ts';
import { filePage } from './file-list.ts';
import { isPlainPath, putRefusalOf } from './file-rules.ts';

const item = (path: string, char = 'a', bytes = 1) => ({ path, bytes, sha256: char.repeat(64), files: 1 });
const inventory = (items: Inventory['items'], listing: Inventory['listing'] = 'files'): Inventory => ({
  v: 1,
  listing,
  items,
  files: items.length,
  bytes: 0,
  sessions: [],
  sessionCount: 0,
  cronJobs: 0,
  config: null,
});
const question = { search: '', differing: false, offset: 0, limit: 100 };
const chosen = inventory([
  item('workspace/b', 'x'),
  item('workspace/a'),
  item('gone.md'),
  item('state/openclaw.sqlite'),
]);
const present = {
  id: 'newest',
  inventory: inventory([
    item('workspace/a'),
    item('workspace/b', 'y'),
    item('since.md'),
    item('state/openclaw.sqlite'),
  ]),
};

describe('the files of a snapshot', () => {
  it('are listed by path, each against the newest, with those that came since', () => {
    const page = filePage(chosen, present, question);
    expect(page).toMatchObject({ by: 'files', against: 'newest', total: 5, nextOffset: null });
    expect(page.items.map(({ path, standing, refusal }) => [path, standing, refusal])).toEqual([
      ['gone.md', 'gone', null],
      ['since.md', 'new', 'not_in_it'],
      ['state/openclaw.sqlite', 'same', 'database'],
      ['workspace/a', 'same', null],
      ['workspace/b', 'changed', null],
    ]);
  });

  it('are searched in any case, and narrowed to what differs', () => {
    expect(filePage(chosen, present, { ...question, search: 'WORK' }).items).toHaveLength(2);
    expect(filePage(chosen, present, { ...question, search: 'work', differing: true }).items).toMatchObject([
      { path: 'workspace/b' },
    ]);
    expect(filePage(chosen, present, { ...question, search: 'no such' })).toMatchObject({ total: 0, items: [] });
  });

  it('come in pages that meet without a gap', () => {
    const first = filePage(chosen, present, { ...question, limit: 2 });
    expect(first).toMatchObject({ total: 5, nextOffset: 2 });
    const seen = [0, 2, 4].flatMap((offset) => filePage(chosen, present, { ...question, offset, limit: 2 }).items);
    expect(seen).toEqual(filePage(chosen, present, question).items);
    expect(filePage(chosen, present, { ...question, offset: 4, limit: 2 }).nextOffset).toBeNull();
    expect(filePage(chosen, present, { ...question, offset: 9 }).items).toEqual([]);
  });

  it('are not compared with a list of another kind, or with none', () => {
    const folders = inventory([item('workspace/', 'a')], 'folders');
    expect(filePage(folders, present, question)).toMatchObject({
      by: 'folders',
      against: null,
      items: [{ path: 'workspace/', standing: null, refusal: 'folder' }],
    });
    expect(filePage(chosen, null, question).items.every(({ standing }) => standing === null)).toBe(true);
  });
});

test.each([
  ['workspace/MEMORY.md', 1, null],
  ['workspace/notes.sqlite', 1, 'database'],
  ['agents/main/agent/openclaw-agent.sqlite', 1, 'database'],
  ['state/openclaw.sqlite-wal', 1, 'database'],
  ['workspace/Photos.DB', 1, 'database'],
  ['openclaw.json', 1, 'settings'],
  ['openclaw.json.refused-3', 1, 'settings'],
  ['workspace/openclaw.json', 1, null],
  ['.tidepool/followed.json', 1, 'own_records'],
  ['media/film.mp4', 64 * 1024 * 1024, null],
  ['media/film.mp4', 64 * 1024 * 1024 + 1, 'too_large'],
])('whether %s of %d bytes is put back by itself: %s', (path, bytes, refusal) => {
  expect(putRefusalOf({ path, bytes })).toBe(refusal);
});

test.each(['', '/etc/passwd', '../x', 'a/../b', 'a//b', './a', 'a/', 'a\0b', `a${'/b'.repeat(600)}`])(
  '%j is no plain path',
  (path) => {
    expect(isPlainPath(path)).toBe(false);
  },
);

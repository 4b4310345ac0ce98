import { afterEach, expect, it, vi } from 'vitest';
import { downloadFile } from './download.ts';
import { ApiError } from './errors.ts';

afterEach(() => vi.unstubAllGlobals());

const problem = {
  title: 'No such snapshot',
  status: 404,
  code: 'snapshot_not_found',
  detail: 'It is gone.',
  next: 'Choose another.',
  requestId: 'req_7',
};

it.each([
  ['in its own words', JSON.stringify(problem), problem],
  ['by its status where it has none', '<html>', { code: 'unexpected_answer', status: 404 }],
])('a refused download is told %s', async (_how, body, expected) => {
  const answer = new Response(body, { status: 404, headers: { 'content-type': 'application/problem+json' } });
  vi.stubGlobal('fetch', () => Promise.resolve(answer));
  const error = await downloadFile('/x', 'x.csv').catch((thrown: unknown) => thrown);
  expect(error instanceof ApiError && error.failure).toMatchObject(expected);
});

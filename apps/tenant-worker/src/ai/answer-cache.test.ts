import { expect, it } from 'vitest';
import { AnswerCache, answerKey, AnswerRecorder, KEPT_ANSWER_BYTES_MAX } from './answer-cache.ts';

const clock = { nowMs: (): number => 1 };
const answer = (bytes: number) => ({ bytes: new Uint8Array(bytes), contentType: 'text/plain' });

it('keeps no more than its bounds: the oldest go', () => {
  const cache = new AnswerCache(clock);
  for (let n = 0; n < 201; n++) cache.put(`small${n}`, answer(10));
  expect([cache.get('small0', 10), cache.get('small1', 10)]).toEqual([null, expect.anything()]);
  for (let n = 0; n < 33; n++) cache.put(`large${n}`, answer(KEPT_ANSWER_BYTES_MAX));
  expect(cache.get('large0', 10)).toBeNull();
  expect(cache.get('large32', 10)).not.toBeNull();
  cache.put('huge', answer(KEPT_ANSWER_BYTES_MAX + 1));
  expect(cache.get('huge', 10)).toBeNull();
});

it('knows a request by what it says, not by the order of its fields, also a nested one', async () => {
  const key = (body: string, betas: string | null = null) =>
    answerKey({ provider: 'anthropic', upstreamPath: '/v1/messages', hideUsageChunk: false, asked: { body } }, betas);
  expect(await key('{"a":{"c":1,"d":[1,2]},"b":2}')).toBe(await key('{"b":2,"a":{"d":[1,2],"c":1}}'));
  expect(await key('{"a":[1,2]}')).not.toBe(await key('{"a":[2,1]}'));
  expect(await key('{"a":1}', 'effort-2026-01-01')).not.toBe(await key('{"a":1}'));
  expect(await key(`{"a":${'['.repeat(500)}${']'.repeat(500)}}`)).toHaveLength(64);
  expect(await key(JSON.stringify({ a: 'x'.repeat(600_000) }))).toBeNull();
});

it('records an answer whole or not at all', () => {
  const recorder = new AnswerRecorder();
  recorder.push(new Uint8Array([1, 2]));
  recorder.push(new Uint8Array([3]));
  expect(recorder.whole()).toEqual(new Uint8Array([1, 2, 3]));
  recorder.push(new Uint8Array(KEPT_ANSWER_BYTES_MAX));
  expect(recorder.whole()).toBeNull();
});

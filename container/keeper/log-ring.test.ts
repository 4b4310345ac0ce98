import { expect, test } from 'vitest';
import { LogRing, redact } from './log-ring.ts';

const canary = 'Zq8vT3nW5xY7aB9cD1eF2gH4';

test.each([
  `Authorization: Bearer ${canary}`,
  `x-api-key: ${canary}`,
  `{"apiKey":"${canary}"}`,
  `OPENCLAW_GATEWAY_PASSWORD=${canary}`,
  `key sk-ant-${canary}`,
  `token ghp_${canary}`,
  `slack xoxb-${canary}`,
  `telegram 123456789:${canary}AbCdEf-ghIjKlMn`,
  `jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${canary}`,
  `https://user:${canary}@example.com/`,
])('a credential does not reach the log: %s', (line) => {
  expect(redact(line)).not.toContain(canary);
});

test('ordinary lines stay readable', () => {
  const line = '2026-11-21T08:15:19.143+00:00 [gateway] http server listening (13 plugins: browser, canvas; 6.2s)';
  expect(redact(line)).toBe(line);
});

test('the ring keeps the last lines, cut to length, across chunk borders', () => {
  const ring = new LogRing();
  const feed = ring.feeder('gateway');
  feed('first\nsec');
  feed('ond\n');
  feed('unfinished');
  feed(null);
  expect(ring.tail(10)).toBe('gateway: first\ngateway: second\ngateway: unfinished');
  for (let i = 0; i < 5_000; i++) ring.add('keeper', `line ${i} ${'x'.repeat(9_000)}`);
  const lines = ring.tail(100_000).split('\n');
  expect(lines).toHaveLength(2_000);
  expect(lines.at(-1)).toMatch(/^keeper: line 4999 x+$/);
  expect(lines.at(-1)?.length).toBeLessThan(4_100);
});

import { describe, expect, it } from 'vitest';
import { dueDay, dayStartMs, sliceOf, slicesOfDay } from './drift-days.ts';
import type { TheirRequest } from '../contract/drift.ts';
import { driftAlerts, driftOf, leakOf, type DriftDay, type OurRequest } from './drift.ts';

const ours: OurRequest = {
  tenantId: 'ten_1',
  requestId: 'r1',
  inputTokens: 1_000,
  outputTokens: 50,
  cacheTokens: 400,
  costNanoUsd: 5_000_000,
  byok: false,
};
const theirs: TheirRequest = { logId: 'l1', succeeded: true, tokensIn: 1_000, tokensOut: 50, costNanoUsd: 5_000_000 };
const kindOf = (a: Partial<OurRequest>, ...logs: Partial<TheirRequest>[]) =>
  driftOf(
    { ...ours, ...a },
    logs.map((log, i) => ({ ...theirs, logId: `l${i}`, ...log })),
  )?.kind ?? null;

describe('a request', () => {
  it.each([
    ['both say the same', {}, [{}], null],
    ['their count leaves cached input out', {}, [{ tokensIn: 600 }], null],
    ['they do not say', {}, [{ tokensIn: null, tokensOut: null, costNanoUsd: null }], null],
    ['theirs is two percent dearer', {}, [{ costNanoUsd: 5_102_040 }], null],
    ['theirs is more than that', {}, [{ costNanoUsd: 5_102_042 }], 'cost'],
    ['theirs is cheaper by more than that', {}, [{ costNanoUsd: 4_899_999 }], 'cost'],
    ['a rounding of something tiny', { costNanoUsd: 500 }, [{ costNanoUsd: 1_500 }], null],
    ['input differs', {}, [{ tokensIn: 999 }], 'tokens'],
    ['output differs', {}, [{ tokensOut: 51 }], 'tokens'],
    ['tokens and cost differ: one finding', {}, [{ tokensOut: 51, costNanoUsd: 9 }], 'tokens'],
    ['no entry', {}, [], 'ours_only'],
    ['no entry, on the customer’s own key', { byok: true }, [], null],
    ['no entry, and it cost nothing', { costNanoUsd: 0 }, [], null],
    [
      'an attempt that failed here, and was served there',
      { inputTokens: 0, outputTokens: 0, cacheTokens: 0, costNanoUsd: 0 },
      [{}],
      'tokens',
    ],
    ['served twice', {}, [{}, {}], 'duplicate'],
    ['failed once and then served', {}, [{ succeeded: false, tokensIn: null, tokensOut: null }, {}], null],
    ['charged though it failed', {}, [{ succeeded: false, tokensIn: null, tokensOut: null }], 'tokens'],
    [
      'free and failed',
      { inputTokens: 0, outputTokens: 0, costNanoUsd: 0 },
      [{ succeeded: false, tokensIn: null, tokensOut: null, costNanoUsd: 0 }],
      null,
    ],
  ] as const)('%s', (_what, a, logs, kind) => {
    expect(kindOf(a, ...logs)).toBe(kind);
  });

  it('says what it is about in money', () => {
    const two = driftOf(ours, [theirs, { ...theirs, logId: 'l2', costNanoUsd: 4_000_000 }]);
    expect(two).toMatchObject({ ref: 'r1', tenantId: 'ten_1', nanoUsd: 4_000_000 });
    expect(driftOf(ours, [])).toMatchObject({ nanoUsd: 5_000_000 });
    expect(leakOf('', theirs)).toMatchObject({ kind: 'theirs_only', ref: 'l1', nanoUsd: 5_000_000, tenantId: '' });
    expect(leakOf('ten_1', { ...theirs, succeeded: false })).toBeNull();
  });
});

const none = { count: 0, nanoUsd: 0 };
const found = { theirs_only: none, duplicate: none, tokens: none, cost: none, ours_only: none };
const usd = 1_000_000_000;

it.each([
  [{}, []],
  [{ theirs_only: { count: 1, nanoUsd: 0 } }, ['leak']],
  [{ duplicate: { count: 1, nanoUsd: 1 } }, ['duplicates']],
  [{ tokens: { count: 9, nanoUsd: usd / 4 }, cost: { count: 1, nanoUsd: usd / 4 } }, []],
  [{ tokens: { count: 9, nanoUsd: usd / 4 }, cost: { count: 1, nanoUsd: usd / 4 + 1 } }, ['money']],
  [{ ours_only: { count: 100, nanoUsd: usd } }, []],
  [{ ours_only: { count: 101, nanoUsd: usd } }, ['unwitnessed']],
])('%o of 10,000 requests for 100 USD alerts for %o', (some, reasons) => {
  const day: DriftDay = { requests: 10_000, costNanoUsd: 100 * usd, found: { ...found, ...some }, truncated: false };
  expect(driftAlerts(day)).toEqual(reasons);
  expect(driftAlerts({ ...day, truncated: true })).toEqual([...reasons, 'too_many']);
});

describe('days', () => {
  const at = (text: string): number => Date.parse(`2026-11-${text}:00Z`);

  it('are due in the next morning, and once more when nothing is pending', () => {
    const all = (upTo: number, donePass: number) =>
      Array.from({ length: 10 }, (_, i) => ({ day: `2026-11-${String(upTo - i).padStart(2, '0')}`, donePass }));
    expect(dueDay(all(20, 2), at('22T05:59'))).toBeNull();
    expect(dueDay(all(20, 2), at('22T06:00'))).toEqual({ day: '2026-11-21', pass: 1 });
    const once = [{ day: '2026-11-21', donePass: 1 }, ...all(20, 2)];
    expect(
      dueDay(
        [
          ...once,
          { day: '2026-11-22', donePass: 1 },
          { day: '2026-11-23', donePass: 1 },
          { day: '2026-11-24', donePass: 1 },
        ],
        at('25T05:59'),
      ),
    ).toBeNull();
    expect(
      dueDay([...once, { day: '2026-11-22', donePass: 1 }, { day: '2026-11-23', donePass: 1 }], at('25T06:00')),
    ).toEqual({ day: '2026-11-21', pass: 2 });
    // After a pause of ours: once is enough for a day that is old already, and far back nothing is read.
    expect(dueDay([], at('30T12:00'))).toEqual({ day: '2026-11-22', pass: 2 });
  });

  it('are read in hours that overlap, without a gap', () => {
    const day = '2026-11-21';
    const slices = Array.from({ length: slicesOfDay }, (_, i) => sliceOf(day, i));
    expect(slices[0]?.fromMs).toBe(dayStartMs(day) - 15 * 60_000);
    expect(slices.at(-1)?.toMs).toBe(dayStartMs('2026-11-22') + 15 * 60_000);
    for (const [i, { fromMs }] of slices.entries()) {
      if (i > 0) expect((slices[i - 1]?.toMs ?? 0) - fromMs).toBe(15 * 60_000);
    }
  });
});

/** What keeps a tenant awake and what wakes it, as a table: every row is a promise of docs/sleep.md. */
import { describe, expect, it } from 'vitest';
import * as limits from '../limits.ts';
import type { AwakeInput, ScheduleFacts } from './awake.ts';
import { scheduledWakeAtMs, staysAwake, wakeLeadMs } from './awake.ts';

const nowMs = 1_795_000_000_000;
const idleSleepMs = 900_000;
const long = nowMs - idleSleepMs;
const none = { nextRunAtMs: null, wakes: 0, lastWakeAtMs: null };
const idle = { busy: false, nextRunAtMs: null };
const runIn = (ms: number) => ({ schedule: { ...none, nextRunAtMs: nowMs + ms } });
const nearMs = limits.wakeLeadUnknownMs + limits.nearRunMs;

const stays = (facts: Partial<AwakeInput['facts']>, rest: Partial<AwakeInput> = {}) =>
  staysAwake({
    facts: { lastActivityAtMs: long, work: idle, inboxPending: false, schedule: none, startDurationsMs: [], ...facts },
    keepAwake: false,
    idleSleepMs,
    nowMs,
    ...rest,
  });

describe('stays awake', () => {
  it.each([
    ['quiet for the limit', {}, null, null],
    ['used just now', { lastActivityAtMs: nowMs - 1 }, 'activity', nowMs - 1 + idleSleepMs],
    ['a turn in progress', { work: { ...idle, busy: true } }, 'busy', null],
    [
      'a turn, and used a minute ago',
      { work: { ...idle, busy: true }, lastActivityAtMs: nowMs - 60_000 },
      'busy',
      nowMs - 60_000 + idleSleepMs,
    ],
    [
      'a turn without a word for hours',
      { work: { ...idle, busy: true }, lastActivityAtMs: nowMs - limits.busyQuietMaxMs },
      null,
      null,
    ],
    ['a stored message', { inboxPending: true }, 'inbox', null],
    ['a run that is near', runIn(nearMs), 'scheduled', nowMs + nearMs],
    ['a run every second', runIn(1_000), 'scheduled', nowMs + 1_000],
    ['a run that is not near', runIn(nearMs + 1), null, null],
    ['a run that is due and has not begun', runIn(-1_000), 'scheduled', nowMs - 1_000],
    ['a run that never begins', runIn(-limits.overdueRunMs), null, null],
    ['a gateway that does not say', { work: null }, 'unknown', null],
    ['a gateway that does not say, used', { work: null, lastActivityAtMs: nowMs }, 'activity', nowMs + idleSleepMs],
    [
      'a gateway that does not say for an hour',
      { work: null, lastActivityAtMs: nowMs - limits.unknownWorkMaxMs },
      null,
      null,
    ],
    ['a clock that was set back a day', { lastActivityAtMs: nowMs + 86_400_000 }, null, null],
  ] as const)('%s', (_what, facts, because, sleepsAtMs) => {
    expect(stays(facts)).toEqual(because === null ? null : { because, sleepsAtMs });
  });

  it('by its setting, whatever else holds', () => {
    expect(stays({}, { keepAwake: true })).toEqual({ because: 'keep_awake', sleepsAtMs: null });
    expect(stays({ work: { ...idle, busy: true } }, { keepAwake: true })?.because).toBe('keep_awake');
  });

  it('never for less than the idle limit that its owner chose', () => {
    const day = { idleSleepMs: 86_400_000 };
    expect(stays({ work: null, lastActivityAtMs: nowMs - limits.unknownWorkMaxMs }, day)?.because).toBe('activity');
    expect(
      stays({ work: { ...idle, busy: true }, lastActivityAtMs: nowMs - limits.busyQuietMaxMs }, day)?.because,
    ).toBe('busy');
  });
});

describe('wakes for its own schedule', () => {
  const wakeAt = (schedule: Partial<ScheduleFacts>) =>
    scheduledWakeAtMs({ schedule: { ...none, ...schedule }, startDurationsMs: [] }, nowMs);

  it('early enough to be ready', () => {
    expect(wakeAt({})).toBeNull();
    expect(wakeAt({ nextRunAtMs: nowMs + 600_000 })).toBe(nowMs + 600_000 - limits.wakeLeadUnknownMs);
    // A run that came due while nobody looked (the clock jumped, the object was away): at once.
    expect(wakeAt({ nextRunAtMs: nowMs - 86_400_000 })).toBeLessThan(nowMs);
  });

  it('by the slowest of its last starts, within bounds', () => {
    expect(wakeLeadMs([1_000, 1_000, 1_000])).toBe(limits.wakeLeadMinMs);
    expect(wakeLeadMs([10_000, 40_000, 12_000])).toBe(40_000 * 1.25 + limits.wakeLeadSlackMs);
    expect(wakeLeadMs([10_000, 600_000, 12_000])).toBe(limits.wakeLeadMaxMs);
  });

  it('not later than without a measure while few starts are known', () => {
    expect(wakeLeadMs([])).toBe(45_000);
    expect(wakeLeadMs([1_000])).toBe(45_000);
    expect(wakeLeadMs([1_000, 10_000])).toBe(45_000);
    expect(wakeLeadMs([1_000, 10_000, 1_000])).toBe(limits.wakeLeadMinMs);
    // A start that took longer counts from the first one on.
    expect(wakeLeadMs([40_000])).toBe(40_000 * 1.25 + limits.wakeLeadSlackMs);
    expect(wakeLeadMs([600_000])).toBe(limits.wakeLeadMaxMs);
  });

  it('again for the same run only after a pause that grows, and not for ever', () => {
    const nextRunAtMs = nowMs - 60_000;
    const lastWakeAtMs = nowMs;
    const at = (wakes: number) => wakeAt({ nextRunAtMs, wakes, lastWakeAtMs });
    expect(at(1)).toBe(nowMs + limits.wakeAgainFirstMs);
    expect(at(2)).toBe(nowMs + 2 * limits.wakeAgainFirstMs);
    expect(at(limits.wakesPerRunMax - 1)).toBeLessThanOrEqual(nowMs + limits.wakeAgainMaxMs);
    expect(at(limits.wakesPerRunMax)).toBeNull();
  });

  it('not later than it must because the clock was set back', () => {
    const wakeAtMs = wakeAt({ nextRunAtMs: nowMs - 1, wakes: 1, lastWakeAtMs: nowMs + 86_400_000 });
    expect(wakeAtMs).toBeLessThan(nowMs);
  });

  it('stays awake for a run that it was woken for', () => {
    // The margin covers the lead: a tenant that is woken does not go back to sleep before its run.
    for (const durations of [[], [1_000], [1_000, 1_000, 1_000], [30_000], [600_000]]) {
      const near = { ...runIn(wakeLeadMs(durations)), startDurationsMs: durations };
      expect(stays(near)?.because).toBe('scheduled');
    }
    // OpenClaw puts missed jobs off by two minutes after its boot.
    expect(limits.nearRunMs).toBeGreaterThan(120_000);
  });
});

// What a person reads of a recovery.

import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../control-plane/src/contract/incident.ts';
import { canGoBack, lostSentence, noticedSentence, outcomeSentence } from './incident-words.ts';

const atMs = Date.parse('2026-11-21T10:32:05Z');
const utc = { locale: 'en-GB', timeZone: 'UTC' };
const incident: Incident = {
  seq: 1,
  version: 3,
  kind: 'gateway_lost',
  code: null,
  words: null,
  logTail: null,
  lastSeenOkAtMs: atMs - 4_000,
  brokeAtMs: atMs,
  noticedAtMs: atMs + 800,
  steps: [{ code: 'gateway_started', atMs: atMs + 820, snapshotId: null }],
  endedAtMs: atMs + 7_800,
  outcome: 'recovered',
  fromIncarnation: 1,
  toIncarnation: 1,
  lost: null,
};

describe('an incident in words', () => {
  it('says when it ended and how long nobody knew', () => {
    expect(noticedSentence(incident, utc)).toBe('It ended at 10:32:05 and was noticed after 0.8 s.');
    expect(noticedSentence({ ...incident, brokeAtMs: null }, utc)).toBe(
      'It was last seen well at 10:32:01; noticed at 10:32:05.',
    );
    expect(noticedSentence({ ...incident, brokeAtMs: null, lastSeenOkAtMs: null }, utc)).toBe(
      'It was noticed at 10:32:05.',
    );
  });

  it('says how it ended', () => {
    expect(outcomeSentence(incident)).toBe('It was well again after 7.0 s.');
    expect(outcomeSentence({ ...incident, outcome: null, endedAtMs: null })).toBe('It is not well yet.');
    expect(outcomeSentence({ ...incident, outcome: 'taken_over' })).toContain('suspended or deleted');
  });

  it('never calls a loss nothing', () => {
    expect(lostSentence(incident)).toBe('Nothing was lost.');
    expect(lostSentence({ ...incident, lost: { sinceMs: atMs } }, utc)).toContain('10:32:05');
    expect(lostSentence({ ...incident, lost: { sinceMs: null } })).toContain('lost');
    expect(lostSentence({ ...incident, outcome: null })).toBe('Nothing is lost so far.');
  });

  it('offers the way back only where settings were set aside and it is well', () => {
    const back: Incident = { ...incident, steps: [{ code: 'last_good_config', atMs, snapshotId: null }] };
    expect([incident, back, { ...back, outcome: null }].map(canGoBack)).toEqual([false, true, false]);
  });
});

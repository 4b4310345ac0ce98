// What begins, adds to and ends the record of a recovery.

import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../../control-plane/src/contract/incident.ts';
import { Incident as IncidentSchema, incidentStepsMax } from '../../../../control-plane/src/contract/incident.ts';
import { crashesMax } from '../limits.ts';
import { incidentNews, outcomeIn, withLoss, withStep } from './incident.ts';
import type { TenantEvent, TenantState } from './state.ts';
import { transition } from './transition.ts';

const nowMs = 1_000;
const awake: TenantState = { kind: 'awake', incarnation: 3, sinceMs: 0 };
const waking: TenantState = {
  kind: 'waking',
  incarnation: 3,
  attempt: 1,
  sinceMs: 0,
  notBeforeMs: 0,
  why: 'request',
};
const asksPerson: TenantState = { kind: 'needs_operator', incarnation: 3, sinceMs: 0, reason: 'crash_loop' };
const draining: TenantState = { kind: 'draining', incarnation: 3, sinceMs: 0, why: 'idle', then: 'asleep' };

function news(before: TenantState, event: TenantEvent) {
  const after = transition(before, event);
  if (!after.ok) throw new Error(`${event.type} in ${before.kind}`);
  return incidentNews(before, event, after.value);
}

const empty: Incident = {
  seq: 1,
  version: 1,
  kind: 'run_lost',
  code: null,
  words: null,
  logTail: null,
  lastSeenOkAtMs: null,
  brokeAtMs: null,
  noticedAtMs: 0,
  steps: [],
  endedAtMs: null,
  outcome: null,
  fromIncarnation: 1,
  toIncarnation: 1,
  lost: null,
};

describe('an incident', () => {
  it.each<[string, TenantState, TenantEvent, ReturnType<typeof incidentNews>]>([
    [
      'a lost gateway begins one',
      awake,
      { type: 'gateway_lost', nowMs, incarnation: 3, crashes: 1 },
      { kind: 'gateway_lost', code: null, did: [] },
    ],
    [
      'a lost run begins one',
      awake,
      { type: 'run_lost', nowMs, incarnation: 3, crashes: 1 },
      { kind: 'run_lost', code: null, did: [] },
    ],
    [
      'the last of a crash loop asks a person',
      awake,
      { type: 'gateway_lost', nowMs, incarnation: 3, crashes: crashesMax },
      { kind: 'gateway_lost', code: 'crash_loop', did: ['asked_person'] },
    ],
    [
      'a start that failed is tried again',
      waking,
      { type: 'start_failed', nowMs, incarnation: 3, failure: 'container_exit' },
      { kind: 'start_failed', code: 'container_exit', did: ['attempt_failed'] },
    ],
    [
      'refused settings are called so, and a person is asked',
      waking,
      { type: 'start_failed', nowMs, incarnation: 3, failure: 'config_invalid' },
      { kind: 'config_refused', code: 'config_invalid', did: ['attempt_failed', 'asked_person'] },
    ],
    [
      'a save that failed keeps it awake',
      draining,
      { type: 'drain_failed', nowMs, incarnation: 3 },
      { kind: 'drain_failed', code: 'snapshot_failed', did: [] },
    ],
    [
      'a person restarts it',
      asksPerson,
      { type: 'restart_wanted', nowMs },
      { kind: null, code: null, did: ['person_restarted'] },
    ],
    ['a wanted restart is none', awake, { type: 'restart_wanted', nowMs }, { kind: null, code: null, did: [] }],
    ['a sleep is none', awake, { type: 'sleep_wanted', nowMs, why: 'idle' }, { kind: null, code: null, did: [] }],
  ])('%s', (_name, before, event, expected) => {
    expect(news(before, event)).toEqual(expected);
  });

  it('ends where the assistant is well, or where a person wants it otherwise; not while a person is asked', () => {
    expect(outcomeIn(awake)).toBe('recovered');
    expect(outcomeIn({ kind: 'asleep', incarnation: 3, sinceMs: 0 })).toBe('recovered');
    expect(outcomeIn({ kind: 'suspended', incarnation: 3, sinceMs: 0 })).toBe('taken_over');
    expect([waking, draining, asksPerson].map(outcomeIn)).toEqual([null, null, null]);
  });

  it('is bounded: the first step and the newest stay', () => {
    let incident = empty;
    for (let atMs = 0; atMs < 100; atMs++)
      incident = withStep(incident, { code: 'attempt_failed', atMs, snapshotId: null });
    expect(IncidentSchema.parse(incident).steps).toHaveLength(incidentStepsMax);
    expect([incident.steps[0]?.atMs, incident.steps.at(-1)?.atMs]).toEqual([0, 99]);
  });

  it('never takes a loss back, and says the one that reaches further', () => {
    expect(withLoss(withLoss(empty, 500), 900).lost).toEqual({ sinceMs: 500 });
    expect(withLoss(withLoss(empty, 900), 500).lost).toEqual({ sinceMs: 500 });
    expect(withLoss(withLoss(empty, null), 900).lost).toEqual({ sinceMs: null });
    expect(withLoss(withLoss(empty, 900), null).lost).toEqual({ sinceMs: null });
  });
});

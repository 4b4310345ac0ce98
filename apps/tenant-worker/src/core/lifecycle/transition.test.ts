/** Every state × every event: the table below is the whole lifecycle, and the test prints it. */
import { describe, expect, it } from 'vitest';
import { crashesMax, startAttemptsMax } from '../limits.ts';
import type { EventType, StateKind, TenantEvent, TenantState } from './state.ts';
import { startDelayMs, transition } from './transition.ts';

const incarnation = 7;
const sinceMs = 1_000;
const nowMs = 2_000;

const states: Record<StateKind, TenantState> = {
  absent: { kind: 'absent' },
  provisioning: { kind: 'provisioning', incarnation, attempt: 1, sinceMs, notBeforeMs: 0 },
  asleep: { kind: 'asleep', incarnation, sinceMs },
  waking: { kind: 'waking', incarnation, attempt: 1, sinceMs, notBeforeMs: 0, why: 'navigation' },
  awake: { kind: 'awake', incarnation, sinceMs },
  draining: { kind: 'draining', incarnation, sinceMs, why: 'idle', then: 'asleep' },
  suspended: { kind: 'suspended', incarnation, sinceMs },
  needs_operator: { kind: 'needs_operator', incarnation, sinceMs, reason: 'crash_loop' },
  deleting: { kind: 'deleting', incarnation, sinceMs },
  deleted: { kind: 'deleted', atMs: sinceMs },
};

const events: Record<EventType, TenantEvent> = {
  provision_accepted: { type: 'provision_accepted', nowMs },
  wake_wanted: { type: 'wake_wanted', nowMs, why: 'navigation' },
  gateway_ready: { type: 'gateway_ready', nowMs, incarnation },
  start_failed: { type: 'start_failed', nowMs, incarnation, failure: 'container_stuck' },
  gateway_lost: { type: 'gateway_lost', nowMs, incarnation, crashes: 1 },
  run_lost: { type: 'run_lost', nowMs, incarnation, crashes: 1 },
  sleep_wanted: { type: 'sleep_wanted', nowMs, why: 'idle' },
  restart_wanted: { type: 'restart_wanted', nowMs },
  restore_wanted: { type: 'restore_wanted', nowMs },
  upgrade_wanted: { type: 'upgrade_wanted', nowMs },
  drained: { type: 'drained', nowMs, incarnation },
  drain_failed: { type: 'drain_failed', nowMs, incarnation },
  rescue_failed: { type: 'rescue_failed', nowMs, incarnation },
  suspend_wanted: { type: 'suspend_wanted', nowMs },
  resume_wanted: { type: 'resume_wanted', nowMs },
  delete_wanted: { type: 'delete_wanted', nowMs },
  erased: { type: 'erased', nowMs },
};

/** `state event` → the kind it leads to, with `+n` for a higher incarnation. What is not here is refused. */
const table: Readonly<Record<string, string>> = {
  'absent provision_accepted': 'provisioning',
  'provisioning gateway_ready': 'awake',
  'provisioning start_failed': 'provisioning+1',
  'provisioning rescue_failed': 'needs_operator',
  'provisioning suspend_wanted': 'draining',
  'provisioning delete_wanted': 'draining',
  'asleep wake_wanted': 'waking+1',
  'asleep suspend_wanted': 'suspended',
  'asleep delete_wanted': 'deleting',
  'waking gateway_ready': 'awake',
  'waking start_failed': 'waking+1',
  'waking rescue_failed': 'needs_operator',
  'waking suspend_wanted': 'draining',
  'waking delete_wanted': 'draining',
  'awake gateway_lost': 'waking',
  'awake run_lost': 'waking+1',
  'awake sleep_wanted': 'draining',
  'awake restart_wanted': 'draining',
  'awake restore_wanted': 'draining',
  'awake upgrade_wanted': 'draining',
  'awake suspend_wanted': 'draining',
  'awake delete_wanted': 'draining',
  'draining wake_wanted': 'draining',
  'draining drained': 'asleep',
  'draining drain_failed': 'waking',
  'draining suspend_wanted': 'draining',
  'draining delete_wanted': 'draining',
  'suspended resume_wanted': 'asleep',
  'suspended delete_wanted': 'deleting',
  'needs_operator restart_wanted': 'waking+1',
  'needs_operator restore_wanted': 'waking+1',
  'needs_operator suspend_wanted': 'suspended',
  'needs_operator delete_wanted': 'deleting',
  'deleting erased': 'deleted',
};

function outcome(state: TenantState, event: TenantEvent): string | undefined {
  const next = transition(state, event);
  if (!next.ok) return undefined;
  const raised = 'incarnation' in next.value && 'incarnation' in state ? next.value.incarnation - state.incarnation : 0;
  return raised === 0 ? next.value.kind : `${next.value.kind}+${raised}`;
}

describe('transition', () => {
  it('is the table, over every pair', () => {
    const seen: Record<string, string> = {};
    for (const [stateName, state] of Object.entries(states)) {
      for (const [eventName, event] of Object.entries(events)) {
        const to = outcome(state, event);
        if (to !== undefined) seen[`${stateName} ${eventName}`] = to;
      }
    }
    const pairs = Object.keys(states).length * Object.keys(events).length;
    console.log(
      `${pairs} pairs, ${Object.keys(seen).length} allowed:\n${Object.entries(seen)
        .map(([k, v]) => `  ${k} -> ${v}`)
        .join('\n')}`,
    );
    expect(seen).toEqual(table);
  });

  it('refuses news of another incarnation in every state', () => {
    for (const state of Object.values(states)) {
      for (const event of Object.values(events)) {
        if (!('incarnation' in event)) continue;
        const late = transition(state, { ...event, incarnation: incarnation - 1 });
        expect(late.ok).toBe(false);
      }
    }
  });

  it('asks a person when the attempts are used up, and at once when repeating cannot help', () => {
    const last = { ...states.waking, attempt: startAttemptsMax } as TenantState;
    expect(outcome(last, events.start_failed)).toBe('needs_operator');
    expect(outcome(states.waking, { type: 'start_failed', nowMs, incarnation, failure: 'config_invalid' })).toBe(
      'needs_operator',
    );
    expect(outcome(states.waking, { type: 'start_failed', nowMs, incarnation, failure: 'schema_newer' })).toBe(
      'needs_operator',
    );
  });

  it('goes through every snapshot before it asks a person about unreadable ones', () => {
    const unreadable = { type: 'start_failed', nowMs, incarnation, failure: 'snapshot_unreadable' } as const;
    const last = { ...states.waking, attempt: startAttemptsMax } as TenantState;
    expect(transition(last, unreadable)).toMatchObject({
      ok: true,
      value: { kind: 'waking', attempt: startAttemptsMax },
    });
    expect(outcome(states.waking, { ...unreadable, final: true })).toBe('needs_operator');
  });

  it('breaks a crash loop', () => {
    expect(outcome(states.awake, { type: 'run_lost', nowMs, incarnation, crashes: crashesMax })).toBe('needs_operator');
    expect(outcome(states.awake, { type: 'gateway_lost', nowMs, incarnation, crashes: crashesMax - 1 })).toBe('waking');
  });

  it('wakes again after a sleep that was under way when somebody came', () => {
    const next = transition(states.draining, events.wake_wanted);
    expect(next).toMatchObject({ ok: true, value: { kind: 'draining', then: 'waking' } });
    if (next.ok) expect(outcome(next.value, events.drained)).toBe('waking+1');
  });

  it('never lets a deletion be overtaken', () => {
    const deleting = transition(states.awake, events.delete_wanted);
    if (!deleting.ok) throw new Error('delete is allowed while awake');
    expect(outcome(deleting.value, events.wake_wanted)).toBeUndefined();
    expect(outcome(deleting.value, events.drained)).toBe('deleting');
    for (const event of Object.values(events)) expect(transition(states.deleted, event).ok).toBe(false);
  });

  it('backs off, bounded', () => {
    expect([1, 2, 3, 4, 10].map(startDelayMs)).toEqual([0, 1_000, 2_000, 4_000, 30_000]);
  });
});

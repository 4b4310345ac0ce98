/**
 * The service state of an organisation: what its assistants may do by what was paid. `serviceStep` is total and moves at
 * most one stage down, each stage from when it was entered, so that time in which nothing of ours ran shortens no notice;
 * up is at once. `noticeDue` says which mail a state owes; the mail's key makes it once. Nothing here reads a clock.
 */
import { z } from 'zod';
import { unreachable } from '../../contract/result.ts';
import type { Standing } from './mirror.ts';

const dayMs = 86_400_000;
/** A card is replaced within a week by whoever reads mail. */
export const graceMs = 7 * dayMs;
export const restrictedMs = 7 * dayMs;
/** Data outlives a holiday. */
export const suspendedMs = 30 * dayMs;
/** The first warning that data will be deleted comes at least this long before. */
export const warningMs = 14 * dayMs;

const int = z.number().int();
export const suspendedWhy = ['trial_ended', 'unpaid', 'cancelled'] as const;
export const ServiceState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('trial'), sinceMs: int, endsAtMs: int }),
  /** `again`: payment came after it had failed or stopped; they are told. */
  z.object({ kind: z.literal('active'), sinceMs: int, again: z.boolean() }),
  z.object({ kind: z.literal('grace'), sinceMs: int }),
  z.object({ kind: z.literal('restricted'), sinceMs: int }),
  z.object({
    kind: z.literal('suspended'),
    sinceMs: int,
    why: z.enum(suspendedWhy),
    /** When the first warning of the deletion was given; null until then. */
    warnedAtMs: int.nullable(),
  }),
  z.object({ kind: z.literal('frozen'), sinceMs: int }),
  z.object({ kind: z.literal('deleted'), sinceMs: int }),
]);
export type ServiceState = z.infer<typeof ServiceState>;

export interface ServiceFacts {
  readonly standing: Standing;
  /** A payment is disputed or named as fraud, or staff holds the organisation. */
  readonly held: boolean;
  readonly trialEndsAtMs: number;
  readonly nowMs: number;
}

/** The next state; the same object when nothing changes. */
export function serviceStep(state: ServiceState, facts: ServiceFacts): ServiceState {
  const { nowMs } = facts;
  // What is gone stays gone; whoever pays again begins anew.
  if (state.kind === 'deleted' && (facts.held || facts.standing !== 'paid')) return state;
  if (facts.held) return state.kind === 'frozen' ? state : { kind: 'frozen', sinceMs: nowMs };
  switch (facts.standing) {
    case 'paid':
      return state.kind === 'active' ? state : { kind: 'active', sinceMs: nowMs, again: state.kind !== 'trial' };
    case 'owing':
      return whileOwing(state, nowMs);
    case 'cancelled':
      return state.kind === 'suspended' ? ageing(state, nowMs) : suspended('cancelled', nowMs);
    case 'none':
      return withoutPlan(state, facts);
    default:
      return unreachable(facts.standing);
  }
}

function whileOwing(state: ServiceState, nowMs: number): ServiceState {
  switch (state.kind) {
    case 'trial':
    case 'active':
    case 'frozen':
      return { kind: 'grace', sinceMs: nowMs };
    case 'grace':
      return nowMs - state.sinceMs >= graceMs ? { kind: 'restricted', sinceMs: nowMs } : state;
    case 'restricted':
      return nowMs - state.sinceMs >= restrictedMs ? suspended('unpaid', nowMs) : state;
    case 'suspended':
      return ageing(state, nowMs);
    case 'deleted':
      return state;
    default:
      return unreachable(state);
  }
}

function withoutPlan(state: ServiceState, { nowMs, trialEndsAtMs }: ServiceFacts): ServiceState {
  if (state.kind === 'suspended') return ageing(state, nowMs);
  if (nowMs >= trialEndsAtMs) return suspended('trial_ended', nowMs);
  return state.kind === 'trial' && state.endsAtMs === trialEndsAtMs
    ? state
    : { kind: 'trial', sinceMs: nowMs, endsAtMs: trialEndsAtMs };
}

const suspended = (why: (typeof suspendedWhy)[number], nowMs: number): ServiceState => ({
  kind: 'suspended',
  sinceMs: nowMs,
  why,
  warnedAtMs: null,
});

type Suspended = Extract<ServiceState, { kind: 'suspended' }>;

function ageing(state: Suspended, nowMs: number): ServiceState {
  if (state.warnedAtMs === null) {
    return nowMs >= state.sinceMs + suspendedMs - warningMs ? { ...state, warnedAtMs: nowMs } : state;
  }
  return nowMs >= deletionAtMs(state) ? { kind: 'deleted', sinceMs: nowMs } : state;
}

/** When the data goes, at the earliest. */
export function deletionAtMs(state: Suspended): number {
  return Math.max(state.sinceMs + suspendedMs, (state.warnedAtMs ?? 0) + warningMs);
}

/** What comes next by itself, and when; null when nothing does. */
export function nextStage(
  state: ServiceState,
): { readonly kind: 'restricted' | 'suspended' | 'deleted'; readonly atMs: number } | null {
  switch (state.kind) {
    case 'trial':
      return { kind: 'suspended', atMs: state.endsAtMs };
    case 'grace':
      return { kind: 'restricted', atMs: state.sinceMs + graceMs };
    case 'restricted':
      return { kind: 'suspended', atMs: state.sinceMs + restrictedMs };
    case 'suspended':
      return { kind: 'deleted', atMs: deletionAtMs(state) };
    case 'active':
    case 'frozen':
    case 'deleted':
      return null;
    default:
      return unreachable(state);
  }
}

export const noticeKinds = [
  'trial_ending',
  'trial_ended',
  'payment_failed',
  'payment_failed_again',
  'payment_failed_last',
  'restricted',
  'suspended_unpaid',
  'cancelled',
  'deletion_14',
  'deletion_3',
  'deletion_1',
  'deleted',
  'frozen',
  'paid_again',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

interface Planned {
  readonly notice: NoticeKind;
  readonly atMs: number;
}

/** The mails of a state in their order, with the times from which they are due. */
function noticesOf(state: ServiceState): readonly Planned[] {
  const { sinceMs } = state;
  switch (state.kind) {
    case 'trial':
      return [{ notice: 'trial_ending', atMs: state.endsAtMs - 3 * dayMs }];
    case 'grace':
      return [
        { notice: 'payment_failed', atMs: sinceMs },
        { notice: 'payment_failed_again', atMs: sinceMs + 3 * dayMs },
        { notice: 'payment_failed_last', atMs: sinceMs + 6 * dayMs },
      ];
    case 'restricted':
      return [{ notice: 'restricted', atMs: sinceMs }];
    case 'suspended': {
      const first = { trial_ended: 'trial_ended', unpaid: 'suspended_unpaid', cancelled: 'cancelled' } as const;
      const begun: Planned[] = [{ notice: first[state.why], atMs: sinceMs }];
      if (state.warnedAtMs === null) return begun;
      const goneMs = deletionAtMs(state);
      return [
        ...begun,
        { notice: 'deletion_14', atMs: state.warnedAtMs },
        { notice: 'deletion_3', atMs: goneMs - 3 * dayMs },
        { notice: 'deletion_1', atMs: goneMs - dayMs },
      ];
    }
    case 'frozen':
      return [{ notice: 'frozen', atMs: sinceMs }];
    case 'deleted':
      return [{ notice: 'deleted', atMs: sinceMs }];
    case 'active':
      return state.again ? [{ notice: 'paid_again', atMs: sinceMs }] : [];
    default:
      return unreachable(state);
  }
}

/** A state may last for years; what it once owed is not news any more, and the mail's key is not kept as long. */
const newsForMs = 30 * dayMs;

/** The newest mail that the state owes by now: after a pause of ours nobody gets three at once. */
export function noticeDue(state: ServiceState, nowMs: number): NoticeKind | null {
  return noticesOf(state).findLast(({ atMs }) => atMs <= nowMs && nowMs - atMs < newsForMs)?.notice ?? null;
}

/** When the state has to be looked at again; null when only an event can change it. */
export function lookAgainMs(state: ServiceState, nowMs: number): number | null {
  const warnMs =
    state.kind === 'suspended' && state.warnedAtMs === null ? [state.sinceMs + suspendedMs - warningMs] : [];
  const times = [...noticesOf(state).map(({ atMs }) => atMs), nextStage(state)?.atMs ?? null, ...warnMs];
  const ahead = times.filter((atMs) => atMs !== null && atMs > nowMs);
  return ahead.length === 0 ? null : Math.min(...ahead.filter((atMs) => atMs !== null));
}

/** When an assistant sleeps or wakes next, and why, in one sentence. Pure: `nowMs` is passed in. */
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import type { AwakeBecause } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { formatClock, formatDateTime, formatSpan, type FormatOptions } from '../ui/format.ts';

const because: Readonly<Record<AwakeBecause, string>> = {
  keep_awake: 'it is set to stay awake',
  busy: 'it is working',
  inbox: 'a message waits for it',
  scheduled: 'a scheduled run is near',
  activity: 'it was used',
  unknown: 'it does not say whether it is working',
};

const dayMs = 86_400_000;

type Sleeper = Pick<Tenant, 'state' | 'awakeBecause' | 'nextRunAt'>;

/** Null in a state in which nobody waits for either. */
export function sleepLine(tenant: Sleeper, nowMs: number, options: FormatOptions = {}): string | null {
  const { state, awakeBecause, nextRunAt } = tenant;
  if (state === 'asleep') return nextRunAt === null ? null : `Wakes by itself ${at(nextRunAt, nowMs, options)}.`;
  if (state !== 'awake' || awakeBecause === null) return null;
  const { reason, sleepsAt } = awakeBecause;
  if (reason === 'keep_awake') return 'Stays awake: it is set to.';
  const inMs = sleepsAt === null ? 0 : Date.parse(sleepsAt) - nowMs;
  return inMs <= 0
    ? `Stays awake: ${because[reason]}.`
    : `Sleeps in ${formatSpan(inMs)} at the earliest: ${because[reason]}.`;
}

function at(instant: string, nowMs: number, options: FormatOptions): string {
  const atMs = Date.parse(instant);
  return atMs - nowMs < dayMs ? `at ${formatClock(atMs, options)}` : `on ${formatDateTime(atMs, options)}`;
}

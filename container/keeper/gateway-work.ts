/**
 * Knows what a ready gateway is doing: whether it works, and when its next scheduled run is. One connection of an operator,
 * asked with OpenClaw's own read-only methods; a connection that fails is replaced. What cannot be learned is said to be
 * unknown: silence is never called idle. After a boot it also runs the one-shot jobs that came due while nothing ran.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { connectGateway, type GatewayConnection } from './gateway-rpc.ts';
import { describeError } from './problem.ts';
import { runTime } from './scheduled-runs.ts';

const callTimeoutMs = 5_000;
/** Failures in a row after which nobody knows what the gateway does. */
const failuresMax = 3;
/** Overdue jobs started after one boot; the rest is left to OpenClaw's own catch-up, two minutes after its boot. */
const overdueMax = 50;
const overdueTriesMax = 3;
const retryEveryMs = 1_000;

/** `rootRequests` are calls of clients in progress: looking is not working, and a call that works shows in another count. */
const preflightSchema = z.object({
  counts: z.object({
    queueSize: z.number(),
    pendingReplies: z.number(),
    embeddedRuns: z.number(),
    cronRuns: z.number(),
    backgroundExecSessions: z.number(),
    activeTasks: z.number(),
  }),
});
const cronStatusSchema = z.object({ nextWakeAtMs: z.number().nullish() });
const cronListSchema = z.object({
  jobs: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        enabled: z.boolean().default(true),
        schedule: z.looseObject({ kind: z.string(), at: z.string().optional() }),
        state: z.looseObject({ runningAtMs: z.number().optional(), lastRunAtMs: z.number().optional() }).default({}),
      }),
    )
    .max(1_000),
});

export interface Work {
  readonly busy: boolean;
  readonly nextRunAtMs: number | null;
}

interface WorkWatch {
  readonly port: number;
  readonly password: string;
  readonly everyMs: number;
  readonly runsOverdue: boolean;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  readonly known: (work: Work) => void;
  readonly unknown: () => void;
}

/** Looks until the signal ends. Never rejects. */
export async function watchWork(watch: WorkWatch): Promise<void> {
  const { signal } = watch;
  let connection: GatewayConnection | null = null;
  let failures = 0;
  let overdueTries = watch.runsOverdue ? 0 : overdueTriesMax;
  while (!signal.aborted) {
    try {
      connection ??= await connect(watch);
      if (overdueTries < overdueTriesMax) {
        overdueTries++;
        await runOverdue(watch, connection);
        overdueTries = overdueTriesMax;
      }
      watch.known(await ask(connection));
      failures = 0;
    } catch (error) {
      connection?.close();
      connection = null;
      if (signal.aborted) return;
      failures++;
      if (failures === failuresMax) watch.log(`the gateway does not say what it does: ${describeError(error)}`);
      if (failures >= failuresMax) watch.unknown();
    }
    const waitMs = failures > 0 && failures < failuresMax ? Math.min(retryEveryMs, watch.everyMs) : watch.everyMs;
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  connection?.close();
}

function connect({ port, password, signal }: WorkWatch): Promise<GatewayConnection> {
  return connectGateway({
    port,
    // Each connection listens to a signal of its own: the watch's would collect listeners.
    signal: AbortSignal.any([signal]),
    client: { id: 'gateway-client', mode: 'backend' },
    auth: { password },
    headers: {},
    callTimeoutMs,
  });
}

async function ask(connection: GatewayConnection): Promise<Work> {
  // The schedule first: a run that begins in between shows as still to come, or as work, never as neither.
  const { nextWakeAtMs } = cronStatusSchema.parse(await connection.call('cron.status', {}));
  // OpenClaw calls it deprecated for restarts; it is the one method that counts the work without closing admission.
  const { counts } = preflightSchema.parse(await connection.call('gateway.restart.preflight', {}));
  const busy = Object.values(counts).some((count) => count > 0);
  return { busy, nextRunAtMs: runTime(nextWakeAtMs) };
}

/**
 * OpenClaw puts a job that came due while it was down off until two minutes after its boot. A one-shot is run at once
 * instead: it ends by it. A recurring one is left alone, since a run by hand leaves its put-off run in place: it would run twice.
 */
async function runOverdue(watch: WorkWatch, connection: GatewayConnection): Promise<void> {
  const nowMs = watch.nowMs();
  const params = { includeDeliveryPreviews: false, limit: 200, sortBy: 'nextRunAtMs', sortDir: 'asc' };
  const { jobs } = cronListSchema.parse(await connection.call('cron.list', params));
  const overdue = jobs.filter(({ enabled, schedule, state }) => {
    const atMs = schedule.kind === 'at' && schedule.at !== undefined ? Date.parse(schedule.at) : Number.NaN;
    // One that ran since then waits for a retry that OpenClaw itself decided on.
    return enabled && atMs <= nowMs && state.runningAtMs === undefined && (state.lastRunAtMs ?? 0) < atMs;
  });
  for (const { id } of overdue.slice(0, overdueMax)) {
    await connection.call('cron.run', { id, mode: 'force' });
    watch.log(`overdue job ${id} was started`);
  }
}

/**
 * All tenants' turns at once, a few at a time for each, while the runtime is killed and objects are taken away. Kills and
 * evictions come at shares of the turns done, by seed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../sim/random.ts';
import type { Cell } from './cell.ts';
import { callModel, type Outcome } from './client.ts';
import { attemptsMax, type LoadTenant, type Turn } from './plan.ts';

export interface StormOptions {
  readonly cell: Cell;
  readonly tenants: readonly LoadTenant[];
  readonly seed: number;
  readonly kills: number;
  readonly evictions: number;
  /** Turns of one tenant at a time. */
  readonly lanes: number;
  readonly progress: (line: string) => void;
}

export interface StormResult {
  /** By what became of a call, as whoever asked saw it. */
  readonly calls: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly kills: number;
  readonly evictions: number;
  /** Calls under way at most. */
  readonly concurrentMax: number;
}

/** After the runtime's or an object's end a caller tries again this much later. */
const againMs = 100;

export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { cell, tenants, lanes, progress } = options;
  const total = tenants.reduce((sum, { turns }) => sum + turns.length, 0);
  const calls: Record<string, number> = {};
  const state = { done: 0, retries: 0, kills: 0, evictions: 0, underWay: 0, concurrentMax: 0 };
  const disturbances = planDisturbances(options, total);
  let killing: Promise<void> = Promise.resolve();

  async function disturb(): Promise<void> {
    for (let next = disturbances[0]; next !== undefined && next.at <= state.done; next = disturbances[0]) {
      disturbances.shift();
      if (next.kind === 'evict') {
        state.evictions++;
        await cell.evict(next.slug).catch(() => undefined); // The runtime may be down: then the object is gone anyway.
      } else {
        state.kills++;
        progress(`kill -9 of the runtime with ${state.underWay} calls under way, ${state.done} of ${total} turns done`);
        killing = killing.then(() => cell.kill());
        await killing;
      }
    }
  }

  async function attempt(tenant: LoadTenant, turn: Turn): Promise<Outcome> {
    state.underWay++;
    state.concurrentMax = Math.max(state.concurrentMax, state.underWay);
    const target = `/ai/${tenant.slug}/${tenant.tenantId}/1${turn.path}`;
    const outcome = await callModel({ port: cell.port, target, body: turn.body, reading: turn.reading });
    state.underWay--;
    const name = nameOf(outcome);
    calls[name] = (calls[name] ?? 0) + 1;
    return outcome;
  }

  async function play(tenant: LoadTenant, turn: Turn): Promise<void> {
    for (let tries = 1; ; tries++) {
      await killing;
      const outcome = await attempt(tenant, turn);
      if (!isWorthRetrying(outcome) || tries === attemptsMax) break;
      state.retries++;
      await pause(againMs);
    }
    state.done++;
    await disturb();
  }

  await Promise.all(
    tenants.map(async (tenant) => {
      const left = [...tenant.turns];
      const lane = async (): Promise<void> => {
        for (let turn = left.shift(); turn !== undefined; turn = left.shift()) await play(tenant, turn);
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    }),
  );
  await killing;
  const { retries, kills, evictions, concurrentMax } = state;
  return { calls, retries, kills, evictions, concurrentMax };
}

type Disturbance =
  | { readonly at: number; readonly kind: 'kill' }
  | { readonly at: number; readonly kind: 'evict'; readonly slug: string };

/** In the first nine tenths, so that what they break has turns after it. */
function planDisturbances({ tenants, seed, kills, evictions }: StormOptions, total: number): Disturbance[] {
  const random = randomFrom(seed, 'disturbances');
  const when = (): number => random.between(Math.floor(total * 0.05), Math.floor(total * 0.9));
  const slug = (): string => tenants[random.between(0, tenants.length - 1)]?.slug ?? '';
  return [
    ...Array.from({ length: kills }, () => ({ at: when(), kind: 'kill' as const })),
    ...Array.from({ length: evictions }, () => ({ at: when(), kind: 'evict' as const, slug: slug() })),
  ].toSorted((a, b) => a.at - b.at);
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind !== 'refused') return outcome.kind;
  return outcome.code === null ? `upstream's ${outcome.status} passed on` : `refused: ${outcome.code}`;
}

/** As OpenClaw: what a provider may get over, and what broke. A cap or a refusal in words is not asked again. */
function isWorthRetrying(outcome: Outcome): boolean {
  if (outcome.kind === 'broken' || outcome.kind === 'unreachable') return true;
  return outcome.kind === 'refused' && (outcome.status === 409 || outcome.status === 429 || outcome.status >= 500);
}

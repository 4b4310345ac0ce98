/**
 * Ends what a crash or a cut left open: asks the second witness about every `unknown` reservation and settles, releases
 * or leaves it. Never charges more than was reserved, and nothing that the witness does not know: what it has no record of
 * long after any answer's end never reached it, and is let go.
 * Each reservation has its own pauses: one that the witness never answers keeps no other waiting.
 */
import { costNanoUsd } from '../core/metering/price.ts';
import { findPrice, priceTableAt, priceTables } from '../core/metering/price-table.ts';
import { noUsage } from '../core/metering/usage.ts';
import type { OpenHold } from '../modules/ledger-rows.ts';
import type { Ledger, Settlement } from '../modules/ledger.ts';
import type { Clock } from '../ports.ts';
import type { AiSettled } from './attempt.ts';
import type { UsageWitness, WitnessRecord } from './witness.ts';

export interface ReconcilerDeps {
  readonly ledger: Pick<Ledger, 'pending' | 'settle' | 'release' | 'expire' | 'nextExpiryMs'>;
  readonly witness: UsageWitness | null;
  readonly clock: Clock;
  readonly onSettled: (settled: AiSettled) => void;
  readonly onFault: (event: string, error: unknown) => void;
}

export interface Reconciler {
  /** Asks about what is open and lets expire what is due. Never throws; returns how many reservations were ended. */
  run(): Promise<number>;
  /** When `run` has something to do next, or null. For the object's one alarm. */
  nextRunMs(): number | null;
}

/** A witness writes its record after the request: it is not asked sooner. */
const FIRST_ASK_AFTER_MS = 5_000;
/** An unanswered question is asked again after this, doubling to the maximum. */
const ASK_AGAIN_FIRST_MS = 30_000;
const ASK_AGAIN_MAX_MS = 3_600_000;
/**
 * A witness that is asked this long after the reservation, and has no record, will have none: the longest answer ends after
 * 14 minutes, and the record follows it. Shown late all the same, the night's comparison finds it, and the customer is not
 * charged.
 */
export const NO_RECORD_AFTER_MS = 3_600_000;
/** Questions in one run. */
const ASKS_MAX = 20;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { ledger, witness, clock } = deps;
  /** Questions in vain, by request id; only of what is still open. */
  const vain = new Map<string, Vain>();
  /** The witness could not be asked at all: until its pause is over, nothing is. */
  let away: Vain | null = null;
  let running = false;

  /** When the reservation's own pause is over. */
  function askMs(hold: OpenHold): number {
    const last = vain.get(hold.requestId);
    return last ? againMs(last) : hold.atMs + FIRST_ASK_AFTER_MS;
  }

  function dueMs(hold: OpenHold): number {
    return away ? Math.max(askMs(hold), againMs(away)) : askMs(hold);
  }

  function unknown(): OpenHold[] {
    return ledger.pending().filter((hold) => hold.state === 'unknown');
  }

  /** One question. True when the reservation is ended by the answer. */
  async function ask(hold: OpenHold, of: UsageWitness): Promise<boolean> {
    const { requestId } = hold;
    const isLate = clock.nowMs() >= hold.atMs + NO_RECORD_AFTER_MS;
    const record = await of.find(requestId);
    if (!record) return isLate && release(requestId, 'witness_knows_nothing');
    if (!record.succeeded) return release(requestId, 'witness_says_failed');
    const settlement = settlementOf(hold, record);
    if (!settlement) return false;
    const { charged } = ledger.settle(requestId, settlement);
    if (charged) deps.onSettled({ requestId, result: 'charged', costNanoUsd: hold.byok ? 0 : settlement.costNanoUsd });
    return charged;
  }

  function release(requestId: string, why: string): boolean {
    const { released } = ledger.release(requestId, why);
    if (released) deps.onSettled({ requestId, result: 'released', costNanoUsd: 0 });
    return released;
  }

  /** Asks and remembers when that was in vain. @throws when the witness cannot be asked */
  async function answered(hold: OpenHold, of: UsageWitness): Promise<boolean> {
    // Before the question: one that ends in an error must not be the first again.
    const last = onceMore(vain.get(hold.requestId), clock.nowMs());
    vain.set(hold.requestId, last);
    const ended = await ask(hold, of);
    away = null;
    return ended;
  }

  return {
    async run() {
      if (running) return 0;
      running = true;
      let ended = 0;
      try {
        const nowMs = clock.nowMs();
        const expired = ledger.expire(nowMs);
        ended += expired.writtenOff;
        const due = witness ? unknown().filter((hold) => dueMs(hold) <= nowMs) : [];
        // Who waits longest first: what was asked in vain comes after what never was.
        for (const hold of due.toSorted((a, b) => askMs(a) - askMs(b)).slice(0, ASKS_MAX)) {
          if (witness && (await answered(hold, witness))) ended += 1;
        }
      } catch (error) {
        away = onceMore(away, clock.nowMs());
        deps.onFault('ai.reconcile_failed', error);
      } finally {
        running = false;
      }
      const open = new Set(unknown().map(({ requestId }) => requestId));
      for (const requestId of vain.keys()) if (!open.has(requestId)) vain.delete(requestId);
      if (open.size === 0) away = null;
      return ended;
    },
    nextRunMs() {
      const asks = witness ? unknown().map(dueMs) : [];
      const expiry = ledger.nextExpiryMs();
      const due = expiry === null ? asks : [...asks, expiry];
      return due.length === 0 ? null : Math.min(...due);
    },
  };
}

/** Questions that were asked in vain, and when the last one was. */
interface Vain {
  readonly times: number;
  readonly atMs: number;
}

function onceMore(before: Vain | null | undefined, atMs: number): Vain {
  return { times: (before?.times ?? 0) + 1, atMs };
}

function againMs({ times, atMs }: Vain): number {
  return atMs + Math.min(ASK_AGAIN_FIRST_MS * 2 ** Math.min(times, 10), ASK_AGAIN_MAX_MS);
}

/** What to charge, or null when neither the witness nor the price table can say. The parts of the input are not known. */
function settlementOf(hold: OpenHold, record: WitnessRecord): Settlement | null {
  const usage = { ...noUsage, input: record.tokensIn, output: record.tokensOut };
  const priced = findPrice(priceTableAt(priceTables, hold.atMs), hold.provider, hold.model, hold.atMs);
  const cost = record.cached ? 0 : (record.costNanoUsd ?? (priced && costNanoUsd(usage, priced.price)));
  if (cost === null) return null;
  return {
    usage,
    // Nothing is held, and nothing charged, of what the customer's own key paid.
    costNanoUsd: hold.byok ? cost : Math.min(cost, hold.holdNanoUsd),
    outcome: 'estimated',
    priceVersion: record.costNanoUsd === null && priced ? priced.priceVersion : 'gateway-log',
    upstreamId: record.logId,
    rawUsageJson: JSON.stringify({ witness: record, why: hold.why }),
  };
}

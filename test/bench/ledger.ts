/**
 * The ledger's speed in a real object's SQLite on disk, beside the least that any ledger must do there: one row written before
 * the call and changed after it, turn about in the same run. Also what one request writes: the design allows two,
 * and docs/decisions/006-three-ledger-writes.md says why it is three.
 */
import { z } from 'zod';
import type { Cell } from '../load/cell.ts';
import { quantile, round } from './statistics.ts';

const rounds = 7;
/** Requests of a round: enough that the call itself does not count. */
const perRound = { together: 4_000, each: 400 };
type Commit = keyof typeof perRound;

const Writes = z.object({
  reserveStatements: z.number(),
  reserveRows: z.number(),
  settleStatements: z.number(),
  settleRows: z.number(),
});

export async function measureLedger(
  cell: Cell,
  print: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  let next = 0;
  const perSecond = async (what: 'ledger' | 'bare', commit: Commit): Promise<number> => {
    const count = perRound[commit];
    const beganMs = performance.now();
    await cell.post('/ledger', { what, from: next, count, commit });
    const tookMs = performance.now() - beganMs;
    next += count;
    return (count * 1_000) / tookMs;
  };
  const measure = async (commit: Commit) => {
    const speeds: Record<'ledger' | 'bare', number[]> = { ledger: [], bare: [] };
    for (let nth = 0; nth <= rounds; nth++) {
      for (const what of ['ledger', 'bare'] as const) {
        const speed = await perSecond(what, commit);
        if (nth > 0) speeds[what].push(speed); // The first round warms up.
      }
    }
    const [ledger, bare] = [quantile(speeds.ledger, 0.5), quantile(speeds.bare, 0.5)];
    return {
      reserveSettlePerSecond: Math.round(ledger),
      barePerSecond: Math.round(bare),
      ratio: round(ledger / bare, 3),
    };
  };
  print({
    what: 'reserve + settle in an object’s SQLite against one bare insert + one bare update, each its own transaction',
    rounds,
    // What an object does in one turn becomes durable together.
    sharedCommits: await measure('together'),
    // As in a request: each is on disk before the next thing leaves the object. This measures the disk.
    commitEach: await measure('each'),
    writes: Writes.parse(await cell.post(`/ledger/writes/${next}`, null)),
    budget: { reserveSettlePerSecond: 5_000, writesEach: 2 },
  });
}

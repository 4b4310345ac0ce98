/**
 * A 200 MB state saved and restored through the product, against `tar | zstd` of the same folder in the same run, with
 * what the runtime's memory did meanwhile. Times are the steps of the operations, as the product tells them.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Operation } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { descendants } from '../support/container-processes.ts';
import type { Person } from '../support/person.ts';
import type { Product } from '../support/product.ts';
import { until } from '../support/product.ts';
import { round } from './statistics.ts';

const stateMb = 200;
const budgetMbPerS = 40;

/** Half noise, half what compresses well: about 2:1, as states are. */
function fill(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (let n = 0; n < stateMb; n++) {
    const noise = randomBytes(500_000);
    const words = createHash('sha256').update(String(n)).digest('hex').repeat(7_813).slice(0, 500_000);
    writeFileSync(path.join(dir, `${String(n).padStart(3, '0')}.bin`), Buffer.concat([noise, Buffer.from(words)]));
  }
}

/** Resident memory of every workerd below this process, in MiB. */
function workerdMib(): number {
  const pids = descendants(process.pid).filter(({ command }) => /workerd/.test(command.split(' ')[0] ?? ''));
  const kib = pids.map(({ pid }) => {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Runs `work` and watches memory meanwhile. */
async function watched<T>(work: () => Promise<T>): Promise<{ value: T; beforeMib: number; peakMib: number }> {
  const beforeMib = workerdMib();
  let peakMib = beforeMib;
  const timer = setInterval(() => {
    peakMib = Math.max(peakMib, workerdMib());
  }, 50);
  try {
    return { value: await work(), beforeMib, peakMib };
  } finally {
    clearInterval(timer);
  }
}

const stepMs = (operation: Operation, name: string): number => {
  const step = operation.steps.findLast((one) => one.name === name);
  return step === undefined || step.endedAtMs === null ? Number.NaN : step.endedAtMs - step.startedAtMs;
};

function stateDirOf(product: Product): string {
  const containers = path.join(product.stateDir, 'engine/run/containers');
  const found = readdirSync(containers)
    .map((id) => path.join(containers, id, 'home/.openclaw'))
    .find((dir) => path.basename(dir) === '.openclaw' && readdirSync(path.dirname(dir)).includes('.openclaw'));
  if (found === undefined) throw new Error('no container has a state');
  return found;
}

/** How long a shell script takes; its arguments come as $1, $2 … */
function timed(script: string, ...args: string[]): number {
  const beganMs = performance.now();
  execFileSync('sh', ['-c', script, 'sh', ...args], { stdio: 'inherit' });
  return performance.now() - beganMs;
}

function byHand(stateDir: string): { saveMs: number; restoreMs: number } {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'tidepool-tar-'));
  const archive = path.join(scratch, 'state.tar.zst');
  try {
    // Files that a live gateway changes underneath are no failure here.
    const saveMs = timed('tar -C "$1" -cf - . 2>/dev/null | zstd -q -3 -o "$2"', stateDir, archive);
    mkdirSync(path.join(scratch, 'out'));
    const restoreMs = timed('zstd -q -dc "$1" | tar -C "$2" -xf -', archive, path.join(scratch, 'out'));
    return { saveMs, restoreMs };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export async function measureSnapshot(
  product: Product,
  person: Person,
  tenantId: string,
  print: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  const ended = (id: string): Promise<Operation> =>
    until('the operation', async () => {
      const operation = await person.call('operationRead', { params: { operationId: id } });
      if (operation.error !== null) throw new Error(operation.error.detail);
      return operation.finishedAtMs === null ? null : operation;
    });
  fill(path.join(stateDirOf(product), 'workspace/bench'));
  const hand = byHand(stateDirOf(product));
  const take = async (): Promise<Operation> =>
    ended((await person.call('snapshotTake', { params: { tenantId }, body: { note: 'bench' } })).id);
  const saved = await watched(take);
  await person.call('tenantSleep', { params: { tenantId } });
  await person.waitFor(tenantId, 'asleep');
  const woken = await watched(async () => ended((await person.call('tenantWake', { params: { tenantId } })).id));
  const rates = (what: string, tookMs: number, handMs: number, memory: { beforeMib: number; peakMib: number }): void =>
    print({
      what,
      stateMb,
      tookMs: round(tookMs, 0),
      mbPerS: round((stateMb * 1_000) / tookMs, 1),
      tarZstdMs: round(handMs, 0),
      tarZstdMbPerS: round((stateMb * 1_000) / handMs, 1),
      workerdBeforeMib: round(memory.beforeMib, 0),
      workerdPeakMib: round(memory.peakMib, 0),
      budget: { mbPerS: budgetMbPerS, addedMib: 64 },
    });
  rates('snapshot: packed, sealed, stored, read back', stepMs(saved.value, 'snapshot'), hand.saveMs, saved);
  rates('restore: read, opened, unpacked, verified', stepMs(woken.value, 'restore'), hand.restoreMs, woken);
}

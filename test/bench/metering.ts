/**
 * What metering adds to a model call: the same upstream stand-in through a Worker alone, through a Worker and an object, and
 * through the product (`Egress`, the tenant's object, the ledger), turn about in one run. Then the ledger itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { OperationId, TenantId } from '../../apps/control-plane/src/contract/ids.ts';
import { startCell, type Cell } from '../load/cell.ts';
import { startCollector } from '../load/collector.ts';
import { wordsFor } from '../load/script.ts';
import { startUpstream } from '../load/upstream-process.ts';
import { until } from '../support/product.ts';
import { measureLedger } from './ledger.ts';
import { quantile, round } from './statistics.ts';

type Print = (line: Readonly<Record<string, unknown>>) => void;

/** A model's pace: the first token after a moment, then some fifty a second. */
const pace = { firstMs: 20, pieceMs: 20, pieces: 4 };
/** An answer without pauses: about half a megabyte of small events. */
const flat = { firstMs: 0, pieceMs: 0, pieces: 4_000 };
const lanes = 4;
const throughputRounds = 5;
const ref = { slug: 'bench', tenantId: TenantId.parse(`ten_${'0'.repeat(26)}`) };
const upstreamPath = '/anthropic/v1/messages';

interface Arm {
  readonly name: 'direct' | 'object' | 'metered';
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Taken {
  readonly firstByteMs: number;
  readonly wholeMs: number;
  readonly bytes: number;
}

export async function measureMetering(options: { streams: number; print: Print }): Promise<void> {
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-metering-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const upstream = await startUpstream(path.join(stateDir, 'upstream.jsonl'));
    stops.push(() => upstream.stop());
    const collector = await startCollector();
    stops.push(() => collector.close());
    const cell = await startCell({ stateDir, upstreamUrl: upstream.baseUrl, collectorUrl: collector.url });
    stops.push(() => cell.stop());
    await wake(cell);
    const arms = armsFor(upstream.baseUrl);
    await measureFirstByte(cell, arms, options);
    await measureThroughput(cell, arms, options.print);
    await measureLedger(cell, options.print);
  } finally {
    for (const stop of stops.toReversed()) await stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function armsFor(baseUrl: string): readonly Arm[] {
  const bare = {
    'x-bench-upstream': baseUrl + upstreamPath,
    'cf-aig-metadata': JSON.stringify({ tenant: 'bench', request: 'bench' }),
  };
  return [
    { name: 'direct', target: '/direct', headers: bare },
    { name: 'object', target: '/bare/bench', headers: bare },
    { name: 'metered', target: `/ai/${ref.slug}/${ref.tenantId}/1${upstreamPath}`, headers: {} },
  ];
}

async function wake(cell: Cell): Promise<void> {
  await cell.provision({
    ...ref,
    generation: 1,
    operationId: OperationId.parse(`op_${'0'.repeat(26)}`),
    spec: {
      displayName: 'Bench',
      desired: 'active',
      members: [{ userId: 'usr_bench', role: 'owner' }],
      release: '2026.9.6',
      pinned: false,
      size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
      idleSleepMs: 86_400_000,
      keepAwake: true,
      models: { primary: 'anthropic/claude-sonnet-4-6', utility: 'anthropic/claude-haiku-4-5' },
      aiCapNanoUsdPerMonth: 1_000_000_000_000_000,
    },
  });
  await until('the tenant to be awake', async () => (await cell.report(ref)).state === 'awake');
}

let turns = 0;

/** One streamed answer, read to its end. */
function take(cell: Cell, { target, headers }: Arm, how: typeof pace): Promise<Taken> {
  turns += 1;
  const tokens = { plain: 400, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: how.pieces };
  const words = wordsFor({ n: turns, endings: [{ kind: 'whole' }], tokens, recordLateMs: 0, ...how });
  const body = JSON.stringify({
    model: 'claude-sonnet-4-6',
    stream: true,
    max_tokens: how.pieces,
    // As long as the start of a conversation.
    messages: [{ role: 'user', content: `${words} ${'The tide comes in. '.repeat(400)}` }],
  });
  return new Promise((resolve, reject) => {
    const beganMs = performance.now();
    const request = http.request(
      {
        host: '127.0.0.1',
        port: cell.port,
        path: target,
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      },
      (answer) => {
        let firstByteMs = 0;
        let bytes = 0;
        answer.on('data', (part: Buffer) => {
          if (bytes === 0) firstByteMs = performance.now() - beganMs;
          bytes += part.length;
        });
        answer.once('error', reject);
        answer.once('end', () => {
          if (answer.statusCode === 200) resolve({ firstByteMs, wholeMs: performance.now() - beganMs, bytes });
          else reject(new Error(`bench stream: ${answer.statusCode}`));
        });
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

const agent = new http.Agent({ keepAlive: true });

async function measureFirstByte(
  cell: Cell,
  arms: readonly Arm[],
  { streams, print }: { streams: number; print: Print },
): Promise<void> {
  for (const arm of arms) for (let n = 0; n < 20; n++) await take(cell, arm, { ...pace, firstMs: 0, pieceMs: 0 });
  const times = noneYet();
  // One after another, in another order each time, so that no arm always follows the same one.
  for (let n = 0; n < streams; n++) {
    for (let nth = 0; nth < arms.length; nth++) {
      const arm = arms[(n + nth) % arms.length];
      if (arm !== undefined) times[arm.name].push((await take(cell, arm, pace)).firstByteMs);
    }
  }
  const at = (q: number) => ({
    direct: quantile(times.direct, q),
    object: quantile(times.object, q),
    metered: quantile(times.metered, q),
  });
  const [p50, p95] = [at(0.5), at(0.95)];
  print({
    what: `time to first byte of a streamed answer, one after another, first token after ${pace.firstMs} ms: metered against a Worker that relays`,
    machine: { cores: os.availableParallelism(), loadAverage: round(os.loadavg()[0] ?? Number.NaN, 1) },
    streamsPerArm: times.metered.length,
    directP50Ms: round(p50.direct),
    objectP50Ms: round(p50.object),
    meteredP50Ms: round(p50.metered),
    addedP50Ms: round(p50.metered - p50.direct),
    addedToObjectP50Ms: round(p50.metered - p50.object),
    ratioP50: round(p50.metered / p50.direct, 3),
    directP95Ms: round(p95.direct),
    objectP95Ms: round(p95.object),
    meteredP95Ms: round(p95.metered),
    addedP95Ms: round(p95.metered - p95.direct),
    addedToObjectP95Ms: round(p95.metered - p95.object),
    ratioP95: round(p95.metered / p95.direct, 3),
    budget: { addedP50Ms: 3, addedP95Ms: 12 },
  });
}

type ByArm = Record<Arm['name'], number[]>;
const noneYet = (): ByArm => ({ direct: [], object: [], metered: [] });
const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Medians, and what the metered path makes of the direct one. */
const summary = (of: ByArm) => ({
  direct: round(median(of.direct)),
  object: round(median(of.object)),
  metered: round(median(of.metered)),
  ratio: round(median(of.metered) / median(of.direct), 3),
  ratioToObject: round(median(of.metered) / median(of.object), 3),
});

interface Batch {
  readonly bytes: number;
  readonly tookMs: number;
  /** Processor time of the runtime. NaN where it cannot be told. */
  readonly cpuMs: number;
}

/** `each` answers one after another in every lane. */
async function together(cell: Cell, arm: Arm, how: typeof pace, each: number): Promise<Batch> {
  const beganMs = performance.now();
  const cpuBegan = cell.cpuMs() ?? Number.NaN;
  const lane = async (): Promise<number> => {
    let bytes = 0;
    for (let n = 0; n < each; n++) bytes += (await take(cell, arm, how)).bytes;
    return bytes;
  };
  const all = await Promise.all(Array.from({ length: lanes }, lane));
  const tookMs = performance.now() - beganMs;
  return { bytes: all.reduce((sum, bytes) => sum + bytes, 0), tookMs, cpuMs: (cell.cpuMs() ?? Number.NaN) - cpuBegan };
}

/** Processor time is beside the clock's, which other work on the machine disturbs more. */
async function measureThroughput(cell: Cell, arms: readonly Arm[], print: Print): Promise<void> {
  const mbPerS = noneYet();
  const cpuMsPerMb = noneYet();
  const answersPerS = noneYet();
  const cpuMsPerAnswer = noneYet();
  const short = { ...flat, pieces: 10 };
  const each = 25;
  for (let nth = 0; nth <= throughputRounds; nth++) {
    for (const arm of arms) {
      const long = await together(cell, arm, flat, 1);
      const many = await together(cell, arm, short, each);
      if (nth === 0) continue; // The first round warms up.
      mbPerS[arm.name].push(long.bytes / 1_000 / long.tookMs);
      cpuMsPerMb[arm.name].push((long.cpuMs * 1_000_000) / long.bytes);
      answersPerS[arm.name].push((lanes * each * 1_000) / many.tookMs);
      cpuMsPerAnswer[arm.name].push(many.cpuMs / (lanes * each));
    }
  }
  print({
    what: `throughput without pauses, ${lanes} at a time, medians of ${throughputRounds} rounds: answers of ${flat.pieces} events, and answers of ${short.pieces}`,
    mbPerSecond: summary(mbPerS),
    cpuMsPerMb: summary(cpuMsPerMb),
    answersPerSecond: summary(answersPerS),
    cpuMsPerAnswer: summary(cpuMsPerAnswer),
  });
}

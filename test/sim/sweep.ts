/**
 * The Nth-call sweep: each operation is run with its first call out of the object interfered with, then its second, and so
 * on until it has no more calls; once for every kind of interference. Nothing else goes wrong, so nothing at all may be
 * lost, whatever the call was.
 */
import type { Violation } from './checks.ts';
import { calmDown, comesRight, until, use } from './driver.ts';
import { calm } from './fault-mix.ts';
import type { Interference } from './world.ts';
import { World } from './world.ts';

export const interferences = [
  'crash_before',
  'crash_after',
  'fails',
  'answer_lost',
  'hangs',
  'late',
] as const satisfies readonly Interference[];

interface Operation {
  /** Brings the tenant to where the operation begins. */
  readonly before: (world: World) => Promise<unknown>;
  readonly begin: (world: World) => void;
  readonly ended: (world: World) => boolean;
}

const kindOf = (world: World): string => world.checks.record()?.state.kind ?? 'absent';

async function awake(world: World): Promise<void> {
  world.controlPlane.provision();
  await until(world, 'awake', ['awake']);
  use(world);
  await world.advance(8_000);
  use(world);
}

async function asleep(world: World): Promise<void> {
  await awake(world);
  world.controlPlane.command('sleep');
  await until(world, 'asleep', ['asleep']);
}

async function awakeAndSaved(world: World): Promise<void> {
  await asleep(world);
  world.controlPlane.command('wake');
  await until(world, 'awake', ['awake']);
}

/** A replaced run answers and could not be saved, so a person is asked; now it could be. */
async function unsaved(world: World): Promise<void> {
  await awake(world);
  const state = world.checks.record()?.state;
  const container = state?.kind === 'awake' ? world.sandbox(state.incarnation).container : null;
  if (container === null) throw new Error('nothing is awake');
  world.interferer = (_number, name) => (name.endsWith('.snapshot') ? 'fails' : null);
  container.refuseStarts = true;
  container.crashGateway();
  await until(world, 'needs_operator', ['needs_operator']);
  world.interferer = null;
}

const stageOf = ({ sql }: World): unknown => sql.exec('SELECT stage FROM snapshot_restore')[0]?.['stage'];

/** Complete snapshots in the index. */
function snapshots(world: World): number {
  return world.checks.completed.size;
}

export const operations: Readonly<Record<string, Operation>> = {
  provision: {
    before: async () => undefined,
    begin: ({ controlPlane }) => controlPlane.provision(),
    ended: (world) => kindOf(world) === 'awake',
  },
  wake: {
    before: asleep,
    begin: ({ controlPlane }) => controlPlane.command('wake'),
    ended: (world) => kindOf(world) === 'awake',
  },
  sleep: {
    before: awake,
    begin: ({ controlPlane }) => controlPlane.command('sleep'),
    ended: (world) => kindOf(world) === 'asleep',
  },
  snapshot: {
    before: awake,
    begin: (world) => use(world),
    ended: (world) => snapshots(world) > 1,
  },
  restart: {
    before: awake,
    begin: ({ controlPlane }) => controlPlane.command('restart'),
    ended: (world) => kindOf(world) === 'awake',
  },
  'restart with something unsaved': {
    before: unsaved,
    begin: ({ controlPlane }) => controlPlane.command('restart'),
    ended: (world) => kindOf(world) === 'awake',
  },
  'snapshot by hand': {
    before: awake,
    begin: ({ controlPlane }) => controlPlane.snapshot(),
    ended: ({ sql }) => sql.exec("SELECT 1 FROM snapshot WHERE why = 'manual' AND complete = 1").length > 0,
  },
  restore: {
    before: awakeAndSaved,
    // To the newest, which holds everything: whatever goes wrong, nothing may be missing.
    begin: (world) => world.controlPlane.restore([...world.checks.completed.keys()].at(-1) ?? ''),
    ended: (world) => kindOf(world) === 'awake' && stageOf(world) !== 'saving',
  },
  undo: {
    before: async (world) => {
      await awakeAndSaved(world);
      world.controlPlane.restore([...world.checks.completed.keys()].at(-1) ?? '');
      await until(world, 'draining', ['draining']);
      await until(world, 'restored', ['awake']);
    },
    begin: ({ controlPlane }) => controlPlane.undoRestore(),
    ended: (world) => kindOf(world) === 'awake' && stageOf(world) !== 'saving',
  },
  suspend: {
    before: awake,
    begin: ({ controlPlane }) => controlPlane.want('suspended'),
    ended: (world) => kindOf(world) === 'suspended',
  },
  delete: {
    before: awake,
    begin: ({ controlPlane }) => controlPlane.want('deleted'),
    ended: (world) => kindOf(world) === 'deleted',
  },
};

export interface SweepPoint {
  /** The call that was interfered with, or null when the operation ended before its nth. */
  readonly call: string | null;
  readonly violations: readonly Violation[];
}

/** Runs `operation` with its nth call (from 1) interfered with. */
export async function sweepPoint(
  operation: Operation,
  n: number,
  interference: Interference,
  print?: (line: string) => void,
): Promise<SweepPoint> {
  const world = new World({ seed: 1, mix: calm, ...(print === undefined ? {} : { print }) });
  try {
    await operation.before(world);
    const first = world.calls;
    const met: { call: string | null } = { call: null };
    world.interferer = (number, name) => {
      if (number !== first + n) return null;
      met.call = name;
      // To set an alarm is a write to storage: it does not fail, the object can only die with it.
      return name === 'alarm' && !interference.startsWith('crash') ? null : interference;
    };
    operation.begin(world);
    // The operation itself decides how far the sweep goes; whether it ends in spite of the interference is judged below.
    for (let i = 0; i < 2_400 && !operation.ended(world) && met.call === null; i++) await world.advance(250);
    if (met.call !== null) await keepsEverything(world);
    return { call: met.call, violations: world.checks.violations };
  } finally {
    world.close();
  }
}

/** Everything written before is there when the tenant is next awake; then the rest of what must come right. */
async function keepsEverything(world: World): Promise<void> {
  const { controlPlane, checks } = world;
  await world.advance(1_000);
  if (controlPlane.spec.desired === 'active') {
    if (!(await until(world, 'at rest', ['awake', 'asleep']))) return;
    controlPlane.visit();
    if (!(await until(world, 'awake', ['awake']))) return;
    const state = checks.record()?.state;
    const entries = state?.kind === 'awake' ? (world.sandbox(state.incarnation).container?.entries ?? []) : [];
    const lost = [...world.written.keys()].filter((entry) => !entries.includes(entry));
    if (lost.length > 0) checks.fail('nothing is lost', lost.join());
  }
  if (checks.violations.length === 0) await comesRight(world);
  calmDown(world);
}

export interface SweepResult {
  readonly points: number;
  readonly failures: readonly string[];
}

/** Every call of one operation, under each of `kinds`. */
export async function sweep(name: string, kinds: readonly Interference[] = interferences): Promise<SweepResult> {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`no operation is called ${name}`);
  const failures: string[] = [];
  let points = 0;
  for (const interference of kinds) {
    for (let n = 1; ; n++) {
      const { call, violations } = await sweepPoint(operation, n, interference);
      if (call === null) break;
      points++;
      const [violation] = violations;
      if (violation) failures.push(`${name} #${n} ${call} ${interference}: ${violation.rule}: ${violation.detail}`);
    }
  }
  return { points, failures };
}

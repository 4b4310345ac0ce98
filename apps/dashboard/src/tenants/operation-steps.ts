/**
 * From an operation as reported to the steps a page shows: what was done, what runs, what is still to come.
 * Pure. The steps to come are the usual ones of that kind of work; a step that was skipped is not shown as missing.
 */
import type { Operation, OperationKind, OperationStep } from '../../../control-plane/src/contract/tenant-rpc.ts';

type StepName = OperationStep['name'];

export interface StepView {
  readonly name: StepName;
  readonly label: string;
  readonly state: 'done' | 'running' | 'failed' | 'waiting';
  /** Of a finished step its length; of a running one the time so far; of a waiting one null. */
  readonly elapsedMs: number | null;
}

const stepLabels: Record<StepName, string> = {
  reserve: 'Reserving the address',
  container: 'Starting the container',
  restore: 'Restoring its memory',
  convert: 'Unpacking and cleaning',
  configure: 'Checking the configuration',
  gateway: 'Starting OpenClaw',
  health: 'Checking its health',
  check: 'Counting what is there',
  drain: 'Finishing its work',
  snapshot: 'Saving its memory',
  stop: 'Stopping the container',
  erase: 'Erasing the data',
};

const usualSteps: Record<OperationKind, readonly StepName[]> = {
  provision: ['reserve', 'container', 'configure', 'gateway', 'health'],
  wake: ['container', 'restore', 'configure', 'gateway', 'health'],
  sleep: ['drain', 'snapshot', 'stop'],
  restart: ['drain', 'snapshot', 'stop', 'container', 'restore', 'configure', 'gateway', 'health'],
  suspend: ['drain', 'snapshot', 'stop'],
  delete: ['drain', 'stop', 'erase'],
  upgrade: ['snapshot', 'container', 'restore', 'gateway', 'check'],
  drill: ['container', 'restore', 'gateway', 'check'],
  import: ['container', 'convert', 'gateway', 'snapshot'],
  snapshot: ['snapshot'],
  restore: ['drain', 'snapshot', 'stop', 'container', 'restore', 'configure', 'gateway', 'health'],
};

/** Titles while it runs, when it is done, when it failed. `name` is the assistant's. */
export function operationTitle(kind: OperationKind, phase: 'running' | 'done' | 'failed', name: string): string {
  const words: Record<OperationKind, readonly [running: string, done: string, failed: string]> = {
    provision: [`Setting up ${name}`, `${name} is ready`, `${name} could not be set up`],
    wake: [`Waking ${name}`, `${name} is awake`, `${name} did not wake`],
    sleep: [`Putting ${name} to sleep`, `${name} is asleep`, `${name} could not be put to sleep`],
    restart: [`Restarting ${name}`, `${name} has restarted`, `${name} did not restart`],
    suspend: [`Suspending ${name}`, `${name} is suspended`, `${name} could not be suspended`],
    upgrade: [`Trying a new version of ${name}`, `${name} has a new version`, `${name} stays on its version`],
    drill: [`Proving a restore of ${name}`, `A restore of ${name} is proven`, `A restore of ${name} failed`],
    import: [`Preparing what you brought`, `What you brought is ready`, `What you brought was not taken`],
    snapshot: [`Taking a snapshot of ${name}`, `The snapshot of ${name} is taken`, `The snapshot was not taken`],
    restore: [`Restoring ${name}`, `${name} is restored`, `${name} was not restored`],
    delete: [`Deleting ${name}`, `${name} is deleted`, `${name} could not be deleted`],
  };
  const [running, done, failed] = words[kind];
  return phase === 'running' ? running : phase === 'done' ? done : failed;
}

export function operationPhase(operation: Pick<Operation, 'finishedAtMs' | 'error'>): 'running' | 'done' | 'failed' {
  if (operation.finishedAtMs === null) return 'running';
  return operation.error === null ? 'done' : 'failed';
}

/**
 * The steps in order. A step tried again replaces its earlier try.
 * @param nowMs the time on the clock that stamped the steps
 */
export function stepsOf(
  operation: Pick<Operation, 'kind' | 'steps' | 'finishedAtMs' | 'error'>,
  nowMs: number,
): StepView[] {
  const latest = new Map<StepName, OperationStep>();
  for (const step of operation.steps) {
    // Deleting first moves a repeated step to where it runs now.
    latest.delete(step.name);
    latest.set(step.name, step);
  }
  const seen = [...latest.values()].map((step): StepView => ({
    name: step.name,
    label: stepLabels[step.name],
    state:
      step.endedAtMs === null
        ? operation.finishedAtMs === null
          ? 'running'
          : 'done'
        : step.ok === false
          ? 'failed'
          : 'done',
    elapsedMs: Math.max(0, (step.endedAtMs ?? operation.finishedAtMs ?? nowMs) - step.startedAtMs),
  }));
  if (operation.finishedAtMs !== null) return seen;
  const usual = usualSteps[operation.kind];
  const furthest = Math.max(-1, ...[...latest.keys()].map((name) => usual.indexOf(name)));
  const coming = usual
    .slice(furthest + 1)
    .map((name): StepView => ({ name, label: stepLabels[name], state: 'waiting', elapsedMs: null }));
  return [...seen, ...coming];
}

/**
 * How far the work is, 0 to 1, for the drawing only. A running step approaches its end without reaching it,
 * because nobody knows how long it takes.
 */
export function progressOf(steps: readonly StepView[], expectedStepMs: number): number {
  if (steps.length === 0) return 0;
  let sum = 0;
  for (const step of steps) {
    if (step.state === 'done') sum += 1;
    else if (step.state !== 'waiting')
      sum += 0.92 * (1 - Math.exp(-(step.elapsedMs ?? 0) / Math.max(1, expectedStepMs)));
  }
  return Math.min(1, sum / steps.length);
}

/** Whether it takes longer than people should expect: twice the usual, or 45 s where nothing is known. */
export function isSlow(elapsedMs: number, usualMs: number | null): boolean {
  return elapsedMs > (usualMs === null ? 45_000 : Math.max(15_000, usualMs * 2));
}

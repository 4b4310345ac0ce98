/**
 * Progress drawn as a tide table: waking and setting up is the flood, going to sleep the ebb, a restart both.
 * Decoration: the step list beside it says the same in words.
 */
import type { OperationKind } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { StepView } from './operation-steps.ts';

const samples = 96;
const high = 0.12;
const low = 0.8;

/** Height of the water at `x` in 0..1, as a share of the box from the top. */
export function tideAt(kind: OperationKind, x: number): number {
  const swing =
    kind === 'provision' || kind === 'wake'
      ? (1 - Math.cos(Math.PI * x)) / 2
      : kind === 'restart' || kind === 'restore'
        ? (1 + Math.cos(2 * Math.PI * x)) / 2
        : (1 + Math.cos(Math.PI * x)) / 2;
  return low - (low - high) * swing;
}

function points(kind: OperationKind, to: number): string {
  const list: string[] = [];
  for (let i = 0; i <= samples; i++) {
    const x = (i / samples) * to;
    list.push(`${(x * 100).toFixed(2)},${(tideAt(kind, x) * 100).toFixed(2)}`);
  }
  return list.join(' ');
}

export function TideCurve({
  kind,
  steps,
  progress,
  failed,
}: {
  kind: OperationKind;
  steps: readonly StepView[];
  progress: number;
  failed: boolean;
}) {
  const done = points(kind, progress);
  const ink = failed ? 'text-coral' : 'text-tide';
  return (
    <div aria-hidden className="relative h-24 sm:h-32">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" className={`absolute inset-0 size-full ${ink}`}>
        <polyline
          points={points(kind, 1)}
          fill="none"
          stroke="var(--color-edge)"
          strokeWidth="1"
          strokeDasharray="2 4"
          vectorEffect="non-scaling-stroke"
        />
        <polygon
          points={`0,100 ${done} ${(progress * 100).toFixed(2)},100`}
          fill={failed ? 'var(--color-coral-soft)' : 'var(--color-shoal)'}
        />
        <polyline
          points={done}
          fill="none"
          stroke="currentColor"
          strokeWidth="2.25"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <div className="absolute inset-x-0 bottom-0 h-1.5 border-b border-edge bg-[repeating-linear-gradient(90deg,var(--color-edge)_0_1px,transparent_1px_2.5%)]" />
      {steps.map((step, index) => {
        const x = (index + 1) / steps.length;
        if (index === steps.length - 1 && progress < 1) return null;
        const look =
          step.state === 'done'
            ? 'border-tide bg-tide'
            : step.state === 'failed'
              ? 'border-coral bg-coral'
              : 'border-edge bg-foam';
        return (
          <span
            key={step.name}
            className={`absolute size-2 -translate-1/2 rounded-full border-2 ${look}`}
            style={{ left: `${x * 100}%`, top: `${tideAt(kind, x) * 100}%` }}
          />
        );
      })}
      {progress > 0 && progress < 1 ? (
        <span
          className={`absolute size-3.5 -translate-1/2 rounded-full border-[3px] border-foam ${failed ? 'bg-coral' : 'motion-breathe bg-tide'}`}
          style={{ left: `${progress * 100}%`, top: `${tideAt(kind, progress) * 100}%` }}
        />
      ) : null}
    </div>
  );
}

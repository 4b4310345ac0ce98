/** This month's spending against the cap, as a gauge with its marks at half, four fifths and full. */
import { capRatio, formatCap, formatUsd, formatUsdExact } from '../ui/format.ts';

export function CapGauge({
  spentNanoUsd,
  capNanoUsd,
  when,
  compact = false,
}: {
  spentNanoUsd: number;
  capNanoUsd: number;
  /** "this month", "in October 2026". */
  when: string;
  compact?: boolean;
}) {
  const ratio = capRatio(spentNanoUsd, capNanoUsd);
  const percent = Math.min(100, ratio * 100);
  const fill = ratio >= 1 ? 'bg-coral' : ratio >= 0.8 ? 'bg-sand' : 'bg-tide';
  return (
    <div>
      <p className={`figures flex flex-wrap items-baseline gap-x-1.5 ${compact ? 'text-sm' : ''}`}>
        <span
          className={`font-semibold ${compact ? '' : 'text-xl tracking-tight'}`}
          title={formatUsdExact(spentNanoUsd)}
        >
          {formatUsd(spentNanoUsd)}
        </span>
        <span className="text-soft">
          of {formatCap(capNanoUsd)} {when}
        </span>
      </p>
      <div aria-hidden className={`relative mt-2 overflow-hidden rounded-full bg-line ${compact ? 'h-1' : 'h-2'}`}>
        <div
          className={`keeps-colour absolute inset-y-0 left-0 rounded-full ${fill}`}
          style={{ width: `${spentNanoUsd > 0 ? Math.max(percent, 0.8) : 0}%` }}
        />
      </div>
      {compact ? null : (
        <div aria-hidden className="figures relative mt-1 h-4 text-xs text-soft">
          {[50, 80].map((mark) => (
            <span
              key={mark}
              className="absolute -translate-x-1/2 before:mx-auto before:mb-0.5 before:block before:h-1 before:w-px before:bg-edge"
              style={{ left: `${mark}%` }}
            >
              {mark} %
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/**
 * Cost by day as bars, with the same numbers as a table behind it. Days run without gaps; the axis starts at zero.
 * The chart is one picture to assistive technology; the table is where the numbers are read.
 */
import type { UsageReport } from '../../../control-plane/src/contract/api.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { counted, formatCount, formatUsd, formatUsdExact, formatUtcDay } from '../ui/format.ts';

type Day = UsageReport['byDay'][number];

/** Every day of the month so far with what it cost; a day without requests cost nothing. */
export function fillDays(days: readonly string[], byDay: readonly Day[]): Day[] {
  const known = new Map(byDay.map((day) => [day.day, day]));
  return days.map((day) => known.get(day) ?? { day, requests: 0, costNanoUsd: 0 });
}

/** A round number at or above the largest bar: a small factor times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10;
  return factor * power;
}

const columns: readonly Column<Day>[] = [
  { head: 'Day (UTC)', kind: 'row', cell: ({ day }) => formatUtcDay(day) },
  { head: 'Requests', kind: 'number', cell: ({ requests }) => formatCount(requests) },
  {
    head: 'Cost',
    kind: 'number',
    cell: ({ costNanoUsd }) => formatUsd(costNanoUsd),
    title: ({ costNanoUsd }) => formatUsdExact(costNanoUsd),
  },
];

export function DayChart({ days, caption }: { days: readonly Day[]; caption: string }) {
  const top = niceCeiling(Math.max(0, ...days.map((day) => day.costNanoUsd)));
  const slot = 100 / Math.max(1, days.length);
  return (
    <figure>
      <div className="flex gap-3">
        <div aria-hidden className="figures flex h-36 flex-col justify-between text-right text-xs text-soft">
          <span className="-mt-2">{formatUsd(top)}</span>
          <span>{formatUsd(top / 2)}</span>
          <span className="-mb-2">$0</span>
        </div>
        <div className="relative h-36 min-w-0 flex-1">
          <div aria-hidden className="absolute inset-0 flex flex-col justify-between">
            <span className="border-t border-line" />
            <span className="border-t border-line" />
            <span className="border-t border-edge" />
          </div>
          <svg
            role="img"
            aria-label={`${caption}. The table below has the numbers.`}
            viewBox="0 0 100 100"
            preserveAspectRatio="none"
            className="absolute inset-0 size-full"
          >
            {days.map((day, index) => {
              const height = (day.costNanoUsd / top) * 100;
              return (
                <g key={day.day}>
                  <title>{`${formatUtcDay(day.day)}: ${formatUsd(day.costNanoUsd)}, ${counted(day.requests, 'request')}`}</title>
                  <rect x={index * slot} y="0" width={slot} height="100" fill="transparent" />
                  <rect
                    x={index * slot + slot * 0.16}
                    y={100 - (day.costNanoUsd > 0 ? Math.max(height, 1.2) : 0)}
                    width={slot * 0.68}
                    height={day.costNanoUsd > 0 ? Math.max(height, 1.2) : 0}
                    fill="var(--color-tide)"
                  />
                </g>
              );
            })}
          </svg>
        </div>
      </div>
      <div aria-hidden className="figures mt-2 flex justify-between pl-14 text-xs text-soft">
        <span>{days[0] === undefined ? '' : formatUtcDay(days[0].day)}</span>
        <span>{days.length < 2 ? '' : formatUtcDay(days.at(-1)?.day ?? '')}</span>
      </div>
      <figcaption className="sr-only">{caption}</figcaption>
      <details className="mt-2 text-sm">
        <summary className="w-fit cursor-pointer rounded-sm py-1 font-medium">Show the days as a table</summary>
        <DataTable
          label="Cost by day"
          columns={columns}
          rows={days}
          keyOf={({ day }) => day}
          bounds="mt-2 max-h-80 max-w-md"
        />
      </details>
    </figure>
  );
}

/** A text as the usage meter reads it, and events as the text of a stream. */
import {
  createUsageMeter,
  type MeterResult,
  type UsageFormat,
} from '../../apps/tenant-worker/src/core/metering/usage-meter.ts';

const encoder = new TextEncoder();

/** Cut at `cuts`, in bytes. */
export function meter(format: UsageFormat, text: string, cuts: readonly number[] = [], streaming = true): MeterResult {
  const bytes = encoder.encode(text);
  const one = createUsageMeter(format, streaming, { eventBytesMax: 10_000, bodyBytesMax: 10_000 });
  let from = 0;
  for (const cut of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
    one.push(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return one.finish();
}

export function sse(...events: (Record<string, unknown> | string)[]): string {
  return events
    .map((event) =>
      typeof event === 'string'
        ? `data: ${event}\n\n`
        : `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`,
    )
    .join('');
}

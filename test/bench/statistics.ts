/** Order statistics of measured times. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Times `count` calls, one after another at a steady pace, in milliseconds. */
export async function paced(count: number, everyMs: number, call: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const beganMs = performance.now();
  for (let i = 0; i < count; i++) {
    const waitMs = beganMs + i * everyMs - performance.now();
    if (waitMs > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs);
      });
    }
    const startMs = performance.now();
    await call();
    times.push(performance.now() - startMs);
  }
  return times;
}

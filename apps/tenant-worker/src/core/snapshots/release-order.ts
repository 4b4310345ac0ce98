/** OpenClaw versions are dates with a number: `2026.9.6`. State written by a newer one cannot be read by an older one. */

/** Whether `a` is newer than `b`. A version of another form is compared with nothing: never newer. */
export function isNewerRelease(a: string, b: string): boolean {
  const left = partsOf(a);
  const right = partsOf(b);
  if (left === null || right === null) return false;
  for (const [index, part] of left.entries()) {
    const other = right[index] ?? 0;
    if (part !== other) return part > other;
  }
  return false;
}

function partsOf(version: string): number[] | null {
  const core = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return core === null ? null : core.slice(1).map(Number);
}

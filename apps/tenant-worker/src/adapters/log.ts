/** The only place of this Worker that writes to the log: one JSON line per event, typed fields only, never content. */

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

const fieldCharsMax = 4_000;

export function logEvent(event: string, fields: LogFields): void {
  const bounded = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'string' ? value.slice(0, fieldCharsMax) : value,
    ]),
  );
  console.log(JSON.stringify({ log: event, ...bounded }));
}

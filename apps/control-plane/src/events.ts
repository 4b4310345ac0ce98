/** The log: one JSON line per event, printed here and nowhere else. Facts as fields; no secret, no text of a person. */

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;
export type Log = (event: string, fields: LogFields) => void;

export const printEvent: Log = (event, fields) => {
  // oxlint-disable-next-line no-console -- the one printer
  console.log(JSON.stringify({ log: event, ...fields }));
};

const causesMax = 5;
const textMax = 1_000;

/** Message and causes of a failure, bounded, for a log field. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error, i = 0; at instanceof Error && i < causesMax; i++) {
    parts.push(`${at.name}: ${withoutParameters(at.message)}`);
    at = at.cause;
  }
  return (parts.length > 0 ? parts.join(' <- ') : typeof error).slice(0, textMax);
}

/** Drizzle's message of a failed query ends with the bound values: tokens, password hashes, people's mail. */
export function withoutParameters(message: string): string {
  return (message.split(/\bparams:/)[0] ?? '').trimEnd();
}

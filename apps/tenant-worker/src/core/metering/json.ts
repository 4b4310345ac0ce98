/** Reading untrusted JSON without trusting its shape. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function asArray(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? (value as readonly unknown[]) : null;
}

/** A non-empty string of at most `charsMax`, or null. */
export function asString(value: unknown, charsMax: number): string | null {
  return typeof value === 'string' && value.length > 0 && value.length <= charsMax ? value : null;
}

/** The object that `text` holds, or null when it is not JSON or not an object. */
export function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text) as unknown);
  } catch {
    return null; // not JSON: the caller treats it as absent
  }
}

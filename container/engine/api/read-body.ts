// Reads a request body with a limit.
import type { IncomingMessage } from 'node:http';

export const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** The whole body; rejects when it is longer than `limit` bytes. */
export async function readBody(req: IncomingMessage, limit: number = BODY_BYTES_MAX): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of req) {
    const part = chunk as Buffer;
    length += part.length;
    if (length > limit) throw new Error(`The body is longer than ${limit} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

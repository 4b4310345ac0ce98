/** Bodies of requests, bounded in bytes and time while they are read: what a header says of the length is not believed. */
import { AppError } from '../contract/errors.ts';
import { bodyDeadlineMs, bodyLate, uploadDeadlineMs, within } from './deadline.ts';

export const bodyMaxBytes = 64 * 1024;

/** @throws AppError body_too_large, request_timeout */
export function readText(request: Request): Promise<string> {
  return within(bodyDeadlineMs, wholeText(request), bodyLate);
}

async function wholeText(request: Request): Promise<string> {
  const tooLarge = new AppError('body_too_large', {
    detail: `A body has at most ${bodyMaxBytes} bytes.`,
    next: 'Send less.',
  });
  if (Number(request.headers.get('content-length') ?? 0) > bodyMaxBytes) throw tooLarge;
  const parts: string[] = [];
  let bytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bodyMaxBytes) throw tooLarge;
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return parts.join('') + decoder.decode();
}

/**
 * Bytes of at most `bytesMax`, held whole.
 * @throws AppError body_too_large, request_timeout
 */
export function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  return within(uploadDeadlineMs, wholeBytes(request, bytesMax), bodyLate);
}

async function wholeBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = new AppError('body_too_large', {
    detail: `This body has at most ${bytesMax} bytes.`,
    next: 'Send less.',
  });
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge;
    parts.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @throws AppError body_too_large, request_timeout, bad_request */
export async function readJson(request: Request, allow: { readonly empty: boolean }): Promise<unknown> {
  const text = await readText(request);
  if (text === '' && allow.empty) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('bad_request', {
      detail: 'The body is not JSON.',
      next: 'Send a JSON object with content-type application/json.',
      cause: error,
    });
  }
}

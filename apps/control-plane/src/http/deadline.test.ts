import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AppError } from '../contract/errors.ts';
import { readBytes, readText } from './body.ts';
import { answerLate, bodyDeadlineMs, changeDeadlineMs, readDeadlineMs, uploadDeadlineMs, within } from './deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A body that begins and then says nothing more. */
function stalled(): Request {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(3)) });
  return new Request('http://localhost/', Object.assign({ method: 'POST', body }, { duplex: 'half' }));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

it.each([
  ['a small body', bodyDeadlineMs, (request: Request) => readText(request)],
  ['an upload', uploadDeadlineMs, (request: Request) => readBytes(request, 1_000)],
])('%s that does not arrive is given up', async (_what, deadlineMs, read) => {
  let code: string | null = null;
  const waiting = codeOf(read(stalled())).then((told) => (code = told));
  await vi.advanceTimersByTimeAsync(deadlineMs - 1);
  expect(code).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(code).toBe('request_timeout');
});

it('work that is late is not waited for, and its own failure afterwards harms nobody', async () => {
  let fail = (_error: Error): void => undefined;
  const work = new Promise<never>((_resolve, reject) => (fail = reject));
  const told = codeOf(within(readDeadlineMs, work, answerLate));
  await vi.advanceTimersByTimeAsync(readDeadlineMs);
  expect(await told).toBe('upstream_unavailable');
  fail(new Error('much later'));
  await vi.advanceTimersByTimeAsync(1);
});

it('work in time leaves no timer behind', async () => {
  expect(await within(readDeadlineMs, Promise.resolve(7), answerLate)).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});

it('bodies are given up before the requests that they belong to', () => {
  expect(bodyDeadlineMs).toBeLessThan(changeDeadlineMs);
  expect(readDeadlineMs).toBeLessThan(changeDeadlineMs);
});

/**
 * Asks a ready gateway what it holds and whether it works: its own health, how many conversations and scheduled jobs it
 * knows, and, when asked for, one turn in its main conversation. For scratch runs: a turn stays in the conversation.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CheckRequest, CheckResult } from './contract.ts';
import { connectGateway, type GatewayConnection } from './gateway-rpc.ts';
import { describeError } from './problem.ts';

const callTimeoutMs = 20_000;
const turnPollMs = 500;
const problemCharsMax = 300;

const sessionsSchema = z.looseObject({ totalCount: z.number() });
const jobsSchema = z.looseObject({ total: z.number() });
const healthSchema = z.looseObject({ ok: z.boolean() });
const historySchema = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })) });

/** @throws Error when the gateway cannot be reached; everything it says itself is in the result */
export async function checkGateway(options: {
  readonly port: number;
  readonly password: string;
  readonly request: CheckRequest;
}): Promise<CheckResult> {
  const { request } = options;
  const signal = AbortSignal.timeout(request.timeoutMs);
  const gateway = await connectGateway({
    port: options.port,
    signal,
    client: { id: 'gateway-client', mode: 'backend' },
    auth: { password: options.password },
    headers: {},
    callTimeoutMs,
  });
  try {
    const problems: string[] = [];
    const ask = async <T>(method: string, params: Readonly<Record<string, unknown>>, schema: z.ZodType<T>) => {
      try {
        return schema.parse(await gateway.call(method, params));
      } catch (error) {
        problems.push(`${method}: ${describeError(error)}`);
        return null;
      }
    };
    const health = await ask('health', {}, healthSchema);
    const sessions = await ask('sessions.list', { limit: 1 }, sessionsSchema);
    const jobs = await ask('cron.list', { includeDisabled: true, limit: 1 }, jobsSchema);
    const answered = request.turn === null ? null : await takeTurn(gateway, request.turn, signal, problems);
    return {
      audit: null,
      healthy: health?.ok === true && sessions !== null && jobs !== null,
      sessions: sessions?.totalCount ?? null,
      cronJobs: jobs?.total ?? null,
      answered,
      problem: problems.length === 0 ? null : problems.join('; ').slice(0, problemCharsMax),
    };
  } finally {
    gateway.close();
  }
}

/** Sends the message and waits until an answer with the expected text stands in the conversation. */
async function takeTurn(
  gateway: GatewayConnection,
  turn: NonNullable<CheckRequest['turn']>,
  signal: AbortSignal,
  problems: string[],
): Promise<boolean> {
  const conversation = { sessionKey: 'main' };
  try {
    await gateway.call('chat.send', {
      ...conversation,
      message: turn.message,
      idempotencyKey: randomUUID(),
      deliver: false,
    });
    while (!signal.aborted) {
      const { messages } = historySchema.parse(await gateway.call('chat.history', conversation));
      if (messages.some((m) => m.role === 'assistant' && JSON.stringify(m).includes(turn.answer))) return true;
      await delay(turnPollMs, undefined, { signal });
    }
  } catch (error) {
    problems.push(signal.aborted ? 'no answer came in time' : `the test message: ${describeError(error)}`);
  }
  return false;
}

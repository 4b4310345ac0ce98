/** Worlds in which models fail by name, and the policies that say what takes over. */
import { plainRouting, type ModelRouting } from '../../apps/control-plane/src/contract/models.ts';
import type { AiContext } from '../../apps/tenant-worker/src/ai/dispatch.ts';
import { anthropicEvents, context, events, models, request, streamed, turn, type World } from './ai-dispatch-world.ts';

export const sonnet = 'anthropic/claude-sonnet-4-6';
export const haiku = 'anthropic/claude-haiku-4-5';
export const opus = 'anthropic/claude-opus-4-6';
export const haikuCost = 100 * 1000 + 20 * 5000;

export type Answer = (init: RequestInit) => Response | Promise<Response>;

export function routed(routing: Partial<ModelRouting>, over: Partial<AiContext> = {}): AiContext {
  return { ...context, models: { ...models, routing: { ...plainRouting, ...routing } }, ...over };
}

/** Haiku takes over from Sonnet, then Opus. */
export const chain = { fallbacks: [{ model: sonnet, then: [haiku, opus] }] };

const answered: Answer = () => streamed(events(anthropicEvents));

export function status(code: number): Answer {
  const body = { type: 'error', error: { type: 'overloaded_error', message: `no ${code}` } };
  return () => Response.json(body, { status: code });
}

/** Nothing comes until it is given up. */
export const silent: Answer = ({ signal }) =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
export const yesAndSilent: Answer = () =>
  new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
export const yesAndClosed: Answer = () => streamed([]);

/** Each model's upstream by its id; the others answer. */
export function play(one: World, of: Readonly<Record<string, Answer>>): void {
  one.upstream.answer = (init) => {
    const { model } = JSON.parse(init.body as string) as { model: string };
    return (of[model] ?? answered)(init);
  };
}

export function ask(one: World, ctx: AiContext, body: unknown = turn, init: RequestInit = {}): Promise<Response> {
  return one.ai.handle(new Request(request('/anthropic/v1/messages', body), init), ctx);
}

/** The models that were called, in order. */
export function asked(one: World): string[] {
  return one.upstream.calls.map(({ init }) => (JSON.parse(init.body as string) as { model: string }).model);
}

/** Every attempt that ended, oldest first. */
export function receipts(one: World) {
  return one.ledger
    .receipts({ limit: 20, before: null, failed: true })
    .toReversed()
    .map(({ requestId, model, outcome, why, costNanoUsd, part }) => ({
      requestId,
      model,
      outcome,
      ...(why === undefined ? {} : { why }),
      costNanoUsd,
      ...(part === undefined ? {} : { part }),
    }));
}

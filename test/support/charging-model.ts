/**
 * A model provider over real HTTP that charges what a test says: every stream that is under way is held open until the
 * test lets all of them end at once. Anthropic's stream format, at AI Gateway's path.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Charge {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ChargingModel {
  readonly baseUrl: string;
  /** Streams that have begun and not ended. */
  readonly open: () => number;
  /** Ends every stream that is open, each with its charge. */
  endAll(): void;
  close(): Promise<void>;
}

/** @param chargeOf what a request costs, by the bytes that arrived and the answer's bound that they name */
export async function startChargingModel(
  chargeOf: (request: { readonly bytes: number; readonly maxTokens: number }) => Charge,
): Promise<ChargingModel> {
  const open = new Set<() => void>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { max_tokens: maxTokens } = JSON.parse(body) as { max_tokens: number };
    const { inputTokens, outputTokens } = chargeOf({ bytes: Buffer.byteLength(body), maxTokens });
    const usage = { input_tokens: inputTokens, output_tokens: 1 };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(event('message_start', { message: { id: 'msg_1', model: 'claude-sonnet-4-6', usage } }));
    open.add(() => {
      response.write(
        event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'as long as it may be' } }),
      );
      const delta = { stop_reason: 'max_tokens' };
      response.write(event('message_delta', { delta, usage: { output_tokens: outputTokens } }));
      response.end(event('message_stop', {}));
    });
  };
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the charging model has no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/compat`,
    open: () => open.size,
    endAll() {
      const ending = [...open];
      open.clear();
      for (const end of ending) end();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function event(type: string, rest: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}

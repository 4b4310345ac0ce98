/**
 * A model endpoint on loopback in Anthropic's streaming format, in the place of `ai.tidepool.internal`: for the turn that
 * warms the compile cache while an image is built, and for tests. Keeps what it was asked.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelCall {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly model: string;
}

export interface StandInModel {
  readonly baseUrl: string;
  readonly calls: readonly ModelCall[];
  close(): Promise<void>;
}

/** @param reply what the assistant says to everything */
export async function startStandInModel(reply: string): Promise<StandInModel> {
  const calls: ModelCall[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { model = '' } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { model?: string };
      calls.push({ path: request.url ?? '', headers: request.headers, model });
      if (request.url !== '/anthropic/v1/messages') {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of anthropicEvents(model, reply)) {
        response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      }
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function anthropicEvents(model: string, reply: string): { type: string }[] {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null };
  return [
    { type: 'message_start', message: { ...message, usage: { input_tokens: 10, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...reply.split(/(?<= )/).map((text) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 12 } },
    { type: 'message_stop' },
  ] as { type: string }[];
}

/**
 * The demo model: a model endpoint on this machine with AI Gateway's URL shape and the providers' own formats, for
 * trying Tidepool without any account. `node local/demo-model/main.ts [port] [log file]` runs it alone.
 */
import { createServer, type Server } from 'node:http';
import { DEMO_BASE_PATH, handleDemoRequest } from './serve.ts';
import { RequestLog } from './request-log.ts';
import { PromptCache } from './tokens.ts';

export interface DemoModelOptions {
  /** 0 = any free one. */
  readonly port: number;
  /** JSON lines of everything served; continued when it exists. Null = memory only. */
  readonly logFile: string | null;
  /** Between two pieces of an answer, so that it is seen to stream. */
  readonly pieceDelayMs?: number;
  /** The same for an answer that was asked for "slowly". */
  readonly slowPieceDelayMs?: number;
}

export interface DemoModel {
  /** For DEMO_MODEL_BASE_URL. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** Listens on loopback only. @throws when the port is taken */
export async function startDemoModel(options: DemoModelOptions): Promise<DemoModel> {
  const { pieceDelayMs = 12, slowPieceDelayMs = 250 } = options;
  const state = { log: new RequestLog(options.logFile), cache: new PromptCache(), pieceDelayMs, slowPieceDelayMs };
  const server = createServer((request, response) => {
    handleDemoRequest(state, request, response).catch((error: unknown) => {
      console.error(`demo model: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  await listen(server, options.port);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the demo model has no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}${DEMO_BASE_PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

if (import.meta.main) {
  const [port = '8799', logFile = null] = process.argv.slice(2);
  const model = await startDemoModel({ port: Number(port), logFile });
  console.log(`demo model: ${model.baseUrl}`);
}

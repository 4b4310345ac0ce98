// The sample Worker in a real workerd, started through Miniflare with its own wrangler configuration and an engine's
// socket. Miniflare starts workerd again when it dies, with the same container session.
import { readFileSync, readdirSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { SAMPLE_DIR, SIDECAR_IMAGE, type Answer } from './engine-under-test.ts';

const BUILD_ID = '01234567';

export class SampleWorker {
  readonly port: number;
  readonly #miniflare: Miniflare;

  private constructor(miniflare: Miniflare, port: number) {
    this.#miniflare = miniflare;
    this.port = port;
  }

  static async start(engineSocket: string): Promise<SampleWorker> {
    const config = unstable_readConfig({ config: join(SAMPLE_DIR, 'wrangler.jsonc') });
    const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, { containerBuildId: BUILD_ID });
    const { modulesRules: _rules, ...options } = workerOptions;
    const file = join(SAMPLE_DIR, 'worker.mjs');
    const module = { type: 'ESModule' as const, path: file, contents: readFileSync(file, 'utf8') };
    const localDocker = { socketPath: `unix://${engineSocket}`, containerEgressInterceptorImage: SIDECAR_IMAGE };
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: '127.0.0.1',
        port: 0,
        cf: false,
        log: new Log(LogLevel.NONE),
        handleStructuredLogs: () => {},
        containerEngine: { localDocker },
        workers: [{ ...options, name: 'engine-sample', modules: [module], modulesRoot: SAMPLE_DIR }],
      }),
    );
    return new SampleWorker(miniflare, Number((await miniflare.ready).port));
  }

  /** One request to the tenant's object. */
  async ask(tenant: string, path: string): Promise<Answer> {
    const headers = { host: `${tenant}.localhost` };
    const call = request({ host: '127.0.0.1', port: this.port, path, headers, agent: false });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const chunk of response) parts.push(chunk as Buffer);
    const text = Buffer.concat(parts).toString();
    return { status: response.statusCode ?? 0, text, json: parseJson(text) };
  }

  /** Kills workerd with SIGKILL. */
  killRuntime(): void {
    const own = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOwnWorkerd(name));
    if (own.length === 0) throw new Error('no workerd runs');
    for (const pid of own) process.kill(Number(pid), 'SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
  }
}

function isOwnWorkerd(pid: string): boolean {
  try {
    const [, name, parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return name === 'workerd' && Number(parent) === process.pid;
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

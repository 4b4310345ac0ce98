// Starts the engine as the launcher does (a process, its command line, its one JSON line) and speaks to it as workerd
// does. Every engine has its own folder and socket and is stopped by the test that started it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { probeIsolation } from '../../container/engine/probe-isolation.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'container/engine/main.ts');
export const SAMPLE_DIR = join(import.meta.dirname, 'sample');
export const SIDECAR_IMAGE = 'cloudflare/proxy-everything:3cb1195@sha256:0ef6';
export const ECHO_IMAGE = 'cloudflare-dev/cell-echo-0123456789ab:01234567';

export type Level = 'ns' | 'plain';

const probe = probeIsolation();

/** Why namespaces can't be tested on this machine; undefined when they can. */
export const namespacesMissing: string | undefined = probe.isolation === 'ns' ? undefined : probe.reason;
/** The isolation levels that can be tested here. */
export const levels: readonly Level[] = namespacesMissing === undefined ? ['ns', 'plain'] : ['plain'];

const readySchema = z.object({
  ready: z.literal(true),
  socket: z.string(),
  isolation: z.enum(['ns', 'plain']),
  warnings: z.array(z.string()),
});

/** The sample program as an image; `more` changes the entry. */
export function sampleImage(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'echo',
    command: ['/opt/node/node', '/opt/sample/program.mjs'],
    env: { PATH: '/opt/node:/usr/local/bin:/usr/bin:/bin', FROM_IMAGE: '/opt/sample' },
    mounts: [
      { source: SAMPLE_DIR, target: '/opt/sample' },
      { source: dirname(process.execPath), target: '/opt/node' },
    ],
    ports: { '8080': 'PORT' },
    ...more,
  };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export class EngineUnderTest {
  readonly child: ChildProcess;
  readonly dir: string;
  readonly socketPath: string;
  readonly ready: z.infer<typeof readySchema>;

  private constructor(child: ChildProcess, dir: string, ready: z.infer<typeof readySchema>) {
    this.child = child;
    this.dir = dir;
    this.socketPath = ready.socket;
    this.ready = ready;
  }

  static async start(
    isolation: Level | 'auto',
    options: { images?: readonly unknown[]; dir?: string; args?: readonly string[]; inherit?: number } = {},
  ): Promise<EngineUnderTest> {
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'engine-test-'));
    writeFileSync(join(dir, 'images.json'), JSON.stringify({ images: options.images ?? [sampleImage()] }));
    const child = spawnEngine(dir, isolation, options.args ?? [], process.env, options.inherit);
    const errors: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
    if (child.stdout === null) throw new Error('no stdout');
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      once(child, 'exit').then(() => undefined),
    ]);
    if (first === undefined) throw new Error(`the engine did not start: ${Buffer.concat(errors).toString()}`);
    return new EngineUnderTest(child, dir, readySchema.parse(JSON.parse(first)));
  }

  /** One request on the engine's socket. */
  async api(method: string, path: string, body?: unknown): Promise<Answer> {
    const content = Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'content-type': 'application/json',
      ...(content === undefined ? {} : { 'content-length': Buffer.byteLength(content) }),
    };
    const call = request({ socketPath: this.socketPath, method, path, headers });
    call.end(content);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const chunk of response) parts.push(chunk as Buffer);
    const text = Buffer.concat(parts).toString();
    return { status: response.statusCode ?? 0, text, json: parseJson(text) };
  }

  /** Creates and starts a sidecar and a container, as workerd does; resolves when both are started. */
  async run(
    name: string,
    options: {
      egressPort?: number;
      env?: readonly string[];
      command?: readonly string[];
      image?: string;
      certificate?: boolean;
    } = {},
  ): Promise<ContainerUnderTest> {
    const sidecar = `${name}-proxy`;
    const port = String(options.egressPort ?? 9);
    await this.#expect(201, 'POST', `/containers/create?name=${sidecar}`, {
      Image: SIDECAR_IMAGE,
      Cmd: ['--http-egress-port', port],
    });
    await this.#expect(204, 'POST', `/containers/${sidecar}/start`);
    const create = {
      Image: options.image ?? ECHO_IMAGE,
      Env: options.env ?? [],
      ...(options.command === undefined ? {} : { Cmd: options.command }),
      Labels: { test: name },
      HostConfig: { NetworkMode: `container:${sidecar}` },
    };
    await this.#expect(201, 'POST', `/containers/create?name=${name}`, create);
    const container = new ContainerUnderTest(this, name, await this.#ingressPort(sidecar));
    if (options.certificate === true) await container.putCertificate();
    await this.#expect(204, 'POST', `/containers/${name}/start`);
    return container;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #ingressPort(sidecar: string): Promise<number> {
    const { json } = await this.api('GET', `/containers/${sidecar}/json`);
    const shown = z.object({
      NetworkSettings: z.object({ Ports: z.object({ '39001/tcp': z.array(z.object({ HostPort: z.string() })) }) }),
    });
    return Number(shown.parse(json).NetworkSettings.Ports['39001/tcp'][0]?.HostPort);
  }

  async #expect(status: number, method: string, path: string, body?: unknown): Promise<void> {
    const answer = await this.api(method, path, body);
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  }
}

export class ContainerUnderTest {
  readonly engine: EngineUnderTest;
  readonly name: string;
  readonly ingressPort: number;

  constructor(engine: EngineUnderTest, name: string, ingressPort: number) {
    this.engine = engine;
    this.name = name;
    this.ingressPort = ingressPort;
  }

  /** What the program has printed so far, as the engine keeps it. */
  log(): string {
    const file = join(this.engine.dir, 'state', 'logs', `${this.name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** CONNECT through the sidecar; undefined when the port is refused. */
  async dial(port: number): Promise<Socket | undefined> {
    const headers = { 'X-Dst-Addr': `127.0.0.1:${port}` };
    const call = request({
      host: '127.0.0.1',
      port: this.ingressPort,
      method: 'CONNECT',
      path: `127.0.0.1:${port}`,
      headers,
      agent: false,
    });
    call.end();
    const [response, socket] = (await once(call, 'connect')) as [IncomingMessage, Socket];
    if (response.statusCode === 200) return socket;
    socket.destroy();
    return undefined;
  }

  /** One HTTP request to the program's port. */
  async get(path: string, port = 8080): Promise<Answer> {
    const socket = await this.dial(port);
    if (socket === undefined) throw new Error(`port ${port} is refused; the container's log: ${this.log()}`);
    const call = request({ createConnection: () => socket, path, headers: { host: 'container', connection: 'close' } });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const chunk of response) parts.push(chunk as Buffer);
    const text = Buffer.concat(parts).toString();
    return { status: response.statusCode ?? 0, text, json: parseJson(text) };
  }

  /** What the program says when it fetches a URL. */
  async out(url: string): Promise<{ status?: number; body?: string; error?: string }> {
    const said = await this.get(`/out?u=${encodeURIComponent(url)}`);
    return z
      .object({ status: z.number().optional(), body: z.string().optional(), error: z.string().optional() })
      .parse(said.json);
  }

  /** Runs a program as a child of the container's own program. */
  async runInside(...command: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const query = command.map((part) => `c=${encodeURIComponent(part)}`).join('&');
    const schema = z.object({ status: z.number().nullable(), stdout: z.string(), stderr: z.string() });
    return schema.parse((await this.get(`/run?${query}`)).json);
  }

  /** `exec` as workerd does it: create, attach, read frames to the end, inspect. */
  async exec(
    command: readonly string[],
    options: {
      env?: readonly string[];
      stdin?: string;
      cwd?: string;
      tty?: boolean;
      /** Rows and columns. */
      size?: readonly [number, number];
      /** Called with the exec's id once its streams are attached. */
      attached?: (id: string) => Promise<void>;
    } = {},
  ): Promise<ExecResult> {
    const created = await this.engine.api('POST', `/containers/${this.name}/exec`, {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Cmd: command,
      Env: options.env ?? [],
      ...(options.cwd === undefined ? {} : { WorkingDir: options.cwd }),
      Tty: options.tty ?? false,
      ...(options.size === undefined ? {} : { ConsoleSize: options.size }),
    });
    if (created.status !== 201) {
      throw new Error(`exec: ${created.status} ${created.text}; the container's log: ${this.log()}`);
    }
    const { Id } = z.object({ Id: z.string() }).parse(created.json);
    const body = JSON.stringify({ Detach: false, Tty: options.tty ?? false });
    const headers = {
      connection: 'Upgrade',
      upgrade: 'tcp',
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const call = request({ socketPath: this.engine.socketPath, method: 'POST', path: `/exec/${Id}/start`, headers });
    call.end(body);
    const [, stream, head] = (await once(call, 'upgrade')) as [IncomingMessage, Socket, Buffer];
    const parts = [head];
    await options.attached?.(Id);
    stream.end(options.stdin ?? '');
    for await (const chunk of stream) parts.push(chunk as Buffer);
    const raw = Buffer.concat(parts);
    const shown = await this.engine.api('GET', `/exec/${Id}/json`);
    const { ExitCode } = z.object({ Running: z.literal(false), ExitCode: z.number() }).parse(shown.json);
    return options.tty === true
      ? { stdout: raw.toString(), stderr: '', exitCode: ExitCode }
      : { ...unframe(raw), exitCode: ExitCode };
  }

  /** Puts the sidecar's CA into the container, as workerd does when HTTPS is intercepted. */
  async putCertificate(): Promise<void> {
    const call = request({ host: '127.0.0.1', port: this.ingressPort, path: '/ca', agent: false });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const chunk of response) parts.push(chunk as Buffer);
    const archive = tarOf('cloudflare/certs/cloudflare-containers-ca.crt', Buffer.concat(parts));
    const put = await this.engine.api('PUT', `/containers/${this.name}/archive?path=%2Fetc`, archive);
    if (put.status !== 200) throw new Error(`archive: ${put.status} ${put.text}`);
  }

  async state(): Promise<{ Status: string; ExitCode: number; Pid: number }> {
    const { json } = await this.engine.api('GET', `/containers/${this.name}/json`);
    return z.object({ State: z.object({ Status: z.string(), ExitCode: z.number(), Pid: z.number() }) }).parse(json)
      .State;
  }

  /** Waits for the program's end as `monitor()` does. */
  async wait(): Promise<number> {
    const { json } = await this.engine.api('POST', `/containers/${this.name}/wait?condition=not-running`);
    return z.object({ StatusCode: z.number() }).parse(json).StatusCode;
  }

  async remove(): Promise<void> {
    await this.engine.api('DELETE', `/containers/${this.name}?force=true`);
    await this.engine.api('DELETE', `/containers/${this.name}-proxy?force=true`);
  }
}

/** The engine's process with a folder of its own. `inherit`: a descriptor that it gets as number 20, left open. */
export function spawnEngine(
  dir: string,
  isolation: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  inherit?: number,
): ChildProcess {
  const files = ['--socket', join(dir, 'e.sock'), '--state', join(dir, 'state'), '--images', join(dir, 'images.json')];
  // A test run that is interrupted leaves no engine behind; an option given twice counts the last time.
  const own = ['--log', join(dir, 'engine.txt'), '--parent-pid', String(process.pid)];
  const argv = [MAIN, ...files, '--isolation', isolation, ...own, ...args];
  const { NODE_ENV: _, ...kept } = env;
  const unused: 'ignore'[] = inherit === undefined ? [] : Array.from({ length: 17 }, () => 'ignore' as const);
  return spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'pipe', ...unused, ...(inherit === undefined ? [] : [inherit])],
    env: env === process.env ? kept : env,
  });
}

/** A ustar archive of one file. */
export function tarOf(path: string, content: Buffer, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1_024)]);
}

/** Calls until the answer is true; fails after the deadline. */
export async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await check());) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

function unframe(raw: Buffer): { stdout: string; stderr: string } {
  const streams: Record<number, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at < raw.length;) {
    const size = raw.readUInt32BE(at + 4);
    streams[raw[at] ?? 0]?.push(raw.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return { stdout: Buffer.concat(streams[1] ?? []).toString(), stderr: Buffer.concat(streams[2] ?? []).toString() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

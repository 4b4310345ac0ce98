// The engine's side of a container's relay agent: starts it, hears its egress connections, dials its ingress socket.
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import type { EgressRelay } from '../egress/egress-relay.ts';
import { LOCAL_RANGE } from '../agent/addresses.ts';
import { agentArgs, type SystemDir } from './bwrap-args.ts';
import { ARGS_FD, spawnBwrap, STATUS_FD } from './bwrap-process.ts';
import type { HostTools } from './host-tools.ts';
import { launchArgv, Stage } from './staging.ts';

const AGENT_DIR = join(import.meta.dirname, '..', 'agent');
/** "<name> <port>\n" with a name of at most 253 characters. */
const LINE_BYTES_MAX = 300;
const LINE_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 512;
const READY_TIMEOUT_MS = 20_000;
const STDERR_CHARS_MAX = 2_000;

/** Brings up the route that makes the made-local range local, then becomes the agent. */
const START_SCRIPT =
  'ip route add local "$1" dev lo && exec /node --disable-warning=ExperimentalWarning /agent/ns-agent.ts';

export interface AgentPlan {
  readonly tools: HostTools;
  readonly hostUid: number | undefined;
  readonly systemDirs: readonly SystemDir[];
  /** A short path (socket paths are limited) that belongs to this container alone. */
  readonly relayDir: string;
  readonly egress: EgressRelay;
}

export class RelayAgent {
  readonly initPid: number;
  readonly child: ChildProcess;
  readonly #relayDir: string;
  readonly #server: Server;

  private constructor(parts: { initPid: number; child: ChildProcess; relayDir: string; server: Server }) {
    this.initPid = parts.initPid;
    this.child = parts.child;
    this.#relayDir = parts.relayDir;
    this.#server = parts.server;
  }

  /** Resolves when the agent listens everywhere. Rejects with what it said on stderr. */
  static async start(plan: AgentPlan): Promise<RelayAgent> {
    mkdirSync(plan.relayDir, { recursive: true, mode: 0o700 });
    const server = await listenForEgress(join(plan.relayDir, 'egress.sock'), plan.egress);
    if (plan.hostUid !== undefined) {
      chownSync(plan.relayDir, plan.hostUid, plan.hostUid);
      chownSync(join(plan.relayDir, 'egress.sock'), plan.hostUid, plan.hostUid);
    }
    const stage = new Stage(plan.hostUid);
    const args = agentArgs({
      systemDirs: plan.systemDirs,
      node: stage.at(process.execPath),
      agentDir: stage.at(AGENT_DIR),
      relayDir: stage.at(plan.relayDir),
    });
    const bwrap = [plan.tools.bwrap, '--args', String(ARGS_FD), '--json-status-fd', String(STATUS_FD)];
    const command = [...bwrap, plan.tools.sh, '-c', START_SCRIPT, 'sh', LOCAL_RANGE];
    const launch = { groups: [], hostUid: plan.hostUid, tools: plan.tools };
    const { child, initPid } = spawnBwrap(launchArgv(launch, stage, command), args);
    try {
      const [pid] = await Promise.all([initPid, ready(child)]);
      return new RelayAgent({ initPid: pid, child, relayDir: plan.relayDir, server });
    } catch (error) {
      child.kill('SIGKILL');
      server.close();
      throw error;
    }
  }

  /** A connection to a port inside the container; rejects when nothing listens there. */
  dial(port: number): Promise<Socket> {
    return new Promise((done, fail) => {
      const socket = connect({ path: join(this.#relayDir, 'ingress.sock'), allowHalfOpen: true });
      const refuse = (): void => {
        socket.destroy();
        fail(new Error(`nothing listens on port ${port} in the container`));
      };
      socket.once('error', refuse);
      socket.once('close', refuse);
      socket.write(`${port}\n`);
      socket.once('readable', () => {
        const first: unknown = socket.read(1);
        if (!Buffer.isBuffer(first) || first.toString('latin1') !== '1') return refuse();
        socket.off('error', refuse);
        socket.off('close', refuse);
        done(socket);
      });
    });
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    this.#server.close();
    await rm(this.#relayDir, { recursive: true, force: true });
  }
}

async function listenForEgress(path: string, egress: EgressRelay): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
    socket.on('error', () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), LINE_TIMEOUT_MS);
    let seen = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\n');
      if (end < 0 && seen.length <= LINE_BYTES_MAX) return;
      clearTimeout(timer);
      socket.off('data', read);
      socket.pause();
      const [host = '', port = ''] = seen.toString('latin1', 0, Math.max(end, 0)).split(' ');
      void egress.accept(socket, { host, port: Number(port) }, seen.subarray(end + 1));
    };
    socket.on('data', read);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(path, done);
  });
  chmodSync(path, 0o600);
  return server;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let said = '';
    const timer = setTimeout(() => fail(new Error(`the relay agent is not ready: ${said}`)), READY_TIMEOUT_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) {
        clearTimeout(timer);
        done();
      }
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-STDERR_CHARS_MAX);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      fail(new Error(`the relay agent ended: ${said.trim()}`));
    });
  });
}

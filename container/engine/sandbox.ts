// What an isolation level offers to the rest of the engine: one confined main process with its exec'ed companions.
// `ns/` and `plain/` implement it; nothing else knows how a process is confined.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ImageSpec } from './image-catalog.ts';
import type { EgressRelay } from './egress/egress-relay.ts';

export type IsolationKind = 'ns' | 'plain';

export const CERTIFICATE_FILE = '/etc/cloudflare/certs/cloudflare-containers-ca.crt';
export const HOME_DIR = '/home/tidepool';
/** What a program finds when the image names no PATH of its own; the order of Debian's images. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type Env = Readonly<Record<string, string>>;

export interface SandboxPlan {
  readonly id: string;
  /** The container's own folder on this machine; `etc/cloudflare` below it is written by the engine only. */
  readonly dir: string;
  readonly image: ImageSpec;
  /** Replaces the image's command when not empty. */
  readonly command: readonly string[];
  readonly env: Env;
  readonly workdir: string | undefined;
  /** A saved home to put in place before the program starts. */
  readonly restoreFrom: string | undefined;
  readonly egress: EgressRelay;
}

export interface ExecPlan {
  readonly command: readonly string[];
  /** The command's whole environment, PATH aside. */
  readonly env: Env;
  readonly workdir: string | undefined;
}

export interface Sandbox {
  /** The main process as this machine numbers it. */
  readonly pid: number;
  readonly main: ChildProcess;
  /** Sends a signal to the main process itself. */
  signal(name: NodeJS.Signals): void;
  /** Ends every process of the container at once. */
  kill(): void;
  exec(plan: ExecPlan): ChildProcess;
  /** A connection to a port inside; rejects when nothing listens there. */
  dial(port: number): Promise<Socket>;
  /** Writes the container's home as a tar file. */
  saveHome(file: string): Promise<void>;
  /** After the main process is gone: releases sockets, groups and folders. */
  dispose(): Promise<void>;
}

export interface Isolation {
  readonly kind: IsolationKind;
  /** What could not be had on this machine, in sentences. */
  readonly warnings: readonly string[];
  start(plan: SandboxPlan): Promise<Sandbox>;
  /** Frees what all containers shared. */
  close(): Promise<void>;
}

/** What Node needs to trust the container's CA; the folder is the container's own `etc/cloudflare`. */
export function certificateEnv(dir: string, pathInside: string): Env {
  return existsSync(join(dir, CERTIFICATE_FILE)) ? { NODE_EXTRA_CA_CERTS: pathInside } : {};
}

/** "NAME=value" entries as the Docker API sends them; later ones win. */
export function toEnv(entries: readonly string[]): Env {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

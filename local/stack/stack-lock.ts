// One stack per state folder. The lock file names the process that runs it and what it started, so that a second start
// is refused in words and a start after a crash first ends what the crashed one left behind.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { processKey, signalProcess } from './process-identity.ts';
import { StackError } from './progress.ts';

const processSchema = z.object({ pid: z.number().int().positive(), key: z.string() });
const lockSchema = z.object({ owner: processSchema, port: z.number().int(), children: z.array(processSchema).max(16) });
type Lock = z.infer<typeof lockSchema>;

export interface StackLock {
  /** Records the processes a crash of this one would leave behind. Replaces the earlier list. */
  recordChildren(pids: readonly number[]): void;
  release(): void;
}

/** Takes the lock at `file`, once what a crashed holder left has ended. Throws StackError when a live process holds it. */
export async function takeStackLock(file: string, port: number): Promise<StackLock> {
  const held = readLock(file);
  if (held !== null) {
    if (processKey(held.owner.pid) === held.owner.key) {
      throw new StackError(
        `Tidepool already runs from this folder (process ${held.owner.pid}, http://localhost:${held.port}): ` +
          'use that one, or stop it first.',
      );
    }
    await Promise.all(held.children.map((child) => endLeftOver(child.pid, child.key)));
  }
  const owner = { pid: process.pid, key: processKey(process.pid) ?? '' };
  const write = (children: Lock['children']): void => {
    writeFileSync(`${file}.new`, JSON.stringify({ owner, port, children } satisfies Lock));
    renameSync(`${file}.new`, file);
  };
  write([]);
  return {
    recordChildren: (pids) =>
      write(pids.flatMap((pid) => (processKey(pid) === null ? [] : [{ pid, key: processKey(pid) ?? '' }]))),
    release: () => rmSync(file, { force: true }),
  };
}

const END_TIMEOUT_MS = 5_000; // SIGKILL is not refused; only a process stuck in the kernel takes longer.
const END_POLL_EVERY_MS = 20;

/** Kills a left-over process and waits until it is gone, since its port is wanted next. */
async function endLeftOver(pid: number, key: string): Promise<void> {
  const deadlineMs = Date.now() + END_TIMEOUT_MS;
  while (processKey(pid) === key && Date.now() < deadlineMs) {
    signalProcess(pid, key, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, END_POLL_EVERY_MS));
  }
}

function readLock(file: string): Lock | null {
  try {
    return lockSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null; // None, or half-written by a crash: nothing is known to run.
  }
}

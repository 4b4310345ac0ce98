/** Starts the upstream stand-in as a process of its own and ends it again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

export interface UpstreamProcess {
  /** It has AI Gateway’s paths, and its log below `/logs`. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

const Listening = z.object({ port: z.number().int().positive() });

export async function startUpstream(logFile: string): Promise<UpstreamProcess> {
  const script = path.join(import.meta.dirname, 'upstream/main.ts');
  const child = spawn(process.execPath, [script, logFile], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), ended.then(() => [''])])) as string[];
  if (!line) throw new Error('the upstream stand-in did not start');
  const { port } = Listening.parse(JSON.parse(line));
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

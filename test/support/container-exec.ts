/**
 * Runs a program in a container of the local engine, as workerd would: through the engine's socket. For tests of what a
 * program inside can do.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { z } from 'zod';

export interface Program {
  readonly command: readonly string[];
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs to the end in the one container that runs. */
export async function execInContainer(
  socketPath: string,
  program: Program,
): Promise<{ stdout: string; stderr: string }> {
  const listed = await ask(socketPath, 'GET', '/containers/json');
  const running = z
    .array(z.object({ Id: z.string(), State: z.string(), Names: z.array(z.string()) }))
    .parse(listed)
    .filter(({ State, Names }) => State === 'running' && !Names.some((name) => name.endsWith('-proxy')));
  // workerd passes no labels of ours on to a local engine, so who it is of cannot be seen.
  const [only, ...others] = running;
  if (only === undefined || others.length > 0) throw new Error(`${running.length} containers run, not one`);
  const created = await ask(socketPath, 'POST', `/containers/${only.Id}/exec`, {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Cmd: program.command,
    Env: Object.entries(program.env).map(([key, value]) => `${key}=${value}`),
    Tty: false,
  });
  const { Id } = z.object({ Id: z.string() }).parse(created);
  const body = JSON.stringify({ Detach: false, Tty: false });
  const headers = {
    connection: 'Upgrade',
    upgrade: 'tcp',
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const call = request({ socketPath, method: 'POST', path: `/exec/${Id}/start`, headers });
  call.end(body);
  const [, stream, head] = (await once(call, 'upgrade')) as [IncomingMessage, Socket, Buffer];
  const parts = [head];
  stream.end(program.stdin);
  for await (const chunk of stream) parts.push(chunk as Buffer);
  return unframe(Buffer.concat(parts));
}

async function ask(socketPath: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const call = request({ socketPath, method, path, headers: { 'content-type': 'application/json' }, agent: false });
  call.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const chunk of response) parts.push(chunk as Buffer);
  const text = Buffer.concat(parts).toString();
  if ((response.statusCode ?? 500) >= 300)
    throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

/** Frames of the Docker API: a byte for the stream, three zeros, the length, the bytes. */
function unframe(raw: Buffer): { stdout: string; stderr: string } {
  const streams: Record<number, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at + 8 <= raw.length;) {
    const size = raw.readUInt32BE(at + 4);
    streams[raw[at] ?? 0]?.push(raw.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return { stdout: Buffer.concat(streams[1] ?? []).toString(), stderr: Buffer.concat(streams[2] ?? []).toString() };
}

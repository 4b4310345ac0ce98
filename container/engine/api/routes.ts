// The subset of the Docker Engine API that workerd's container client and Miniflare's cleanup call: one table.
// Each handler gets the path's parts and the query, and answers with a status and a JSON body.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EngineError, type Engine } from '../engine.ts';
import { toInspect, toListEntry } from './container-json.ts';
import { readBody } from './read-body.ts';
import {
  hasLabels,
  parseCreate,
  parseExec,
  parseFilters,
  parseSignal,
  parseSize,
  parseVolume,
  readJson,
} from './requests.ts';

export interface Call {
  readonly engine: Engine;
  readonly part: string;
  readonly query: URLSearchParams;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly method: string;
  /** Matches the path without its version; the first group is the `part`. */
  readonly path: RegExp;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

const STOP_GRACE_S_MAX = 900;

const json = async (call: Call): Promise<unknown> => readJson((await readBody(call.req)).toString('utf8'));
const ok = (body: unknown): Answer => ({ status: 200, body });

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: /^\/_ping$/, handle: () => ok('OK') },
  { method: 'GET', path: /^\/version$/, handle: () => ok({ ApiVersion: '1.43', Version: 'tidepool-local' }) },
  { method: 'GET', path: /^\/info$/, handle: () => ok({ ServerVersion: 'tidepool-local', SecurityOptions: [] }) },
  // The egress listener of workerd binds to this gateway: loopback keeps it on this machine.
  {
    method: 'GET',
    path: /^\/networks\/([^/]+)$/,
    handle: ({ part }) => ok({ Name: part, IPAM: { Config: [{ Subnet: '127.0.0.0/8', Gateway: '127.0.0.1' }] } }),
  },
  { method: 'GET', path: /^\/containers\/json$/, handle: listContainers },
  { method: 'POST', path: /^\/containers\/create$/, handle: createContainer },
  {
    method: 'GET',
    path: /^\/containers\/([^/]+)\/json$/,
    handle: ({ engine, part }) => ok(toInspect(engine.get(part))),
  },
  { method: 'POST', path: /^\/containers\/([^/]+)\/start$/, handle: startContainer },
  { method: 'POST', path: /^\/containers\/([^/]+)\/stop$/, handle: stopContainer },
  { method: 'POST', path: /^\/containers\/([^/]+)\/kill$/, handle: killContainer },
  { method: 'POST', path: /^\/containers\/([^/]+)\/wait$/, handle: waitContainer },
  { method: 'DELETE', path: /^\/containers\/([^/]+)$/, handle: removeContainer },
  { method: 'PUT', path: /^\/containers\/([^/]+)\/archive$/, handle: putArchive },
  { method: 'POST', path: /^\/containers\/([^/]+)\/exec$/, handle: createExec },
  { method: 'GET', path: /^\/exec\/([^/]+)\/json$/, handle: inspectExec },
  { method: 'POST', path: /^\/exec\/([^/]+)\/resize$/, handle: resizeExec },
  { method: 'POST', path: /^\/exec\/([^/]+)\/start$/, handle: startDetached },
  { method: 'POST', path: /^\/commit$/, handle: commit },
  { method: 'GET', path: /^\/images\/(.+)\/json$/, handle: inspectImage },
  { method: 'DELETE', path: /^\/images\/(.+)$/, handle: removeImage },
  { method: 'POST', path: /^\/images\/create$/, handle: pullImage },
  { method: 'GET', path: /^\/volumes$/, handle: listVolumes },
  { method: 'POST', path: /^\/volumes\/create$/, handle: createVolume },
  { method: 'GET', path: /^\/volumes\/([^/]+)$/, handle: inspectVolume },
  { method: 'DELETE', path: /^\/volumes\/([^/]+)$/, handle: removeVolume },
];

function listContainers({ engine, query }: Call): Answer {
  const { label } = parseFilters(query.get('filters'));
  return ok(engine.containers.filter(({ config }) => hasLabels(config.labels, label)).map(toListEntry));
}

async function createContainer(call: Call): Promise<Answer> {
  const container = call.engine.create(call.query.get('name') ?? undefined, parseCreate(await json(call)));
  return { status: 201, body: { Id: container.id, Warnings: [] } };
}

async function startContainer({ engine, part }: Call): Promise<Answer> {
  const container = engine.get(part);
  if (container.state === 'running') return { status: 304 };
  await engine.start(container);
  return { status: 204 };
}

async function stopContainer({ engine, part, query }: Call): Promise<Answer> {
  const container = engine.get(part);
  if (container.state !== 'running') return { status: 304 };
  const graceS =
    query.get('t') === null ? undefined : Math.min(Math.max(Number(query.get('t')) || 0, 0), STOP_GRACE_S_MAX);
  await engine.stop(container, graceS === undefined ? undefined : graceS * 1_000);
  return { status: 204 };
}

async function killContainer({ engine, part, query }: Call): Promise<Answer> {
  const container = engine.get(part);
  if (container.state !== 'running') return { status: 409, body: { message: `Container ${part} is not running.` } };
  await engine.kill(container, parseSignal(query.get('signal')));
  return { status: 204 };
}

async function waitContainer({ engine, part, query, res }: Call): Promise<Answer> {
  const container = engine.get(part);
  // The headers go out at once: the caller waits for the body, for as long as the container lives.
  res.writeHead(200, { 'content-type': 'application/json' });
  res.flushHeaders();
  await (query.get('condition') === 'removed' ? container.removed() : container.exited());
  return ok({ StatusCode: container.exitCode });
}

async function removeContainer({ engine, part }: Call): Promise<Answer> {
  await engine.remove(engine.get(part));
  return { status: 204 };
}

async function putArchive(call: Call): Promise<Answer> {
  const container = call.engine.get(call.part);
  const archive = await readBody(call.req);
  try {
    container.putArchive(call.query.get('path') ?? '/', archive);
  } catch (error) {
    throw new EngineError(400, error instanceof Error ? error.message : String(error));
  }
  return ok(undefined);
}

async function createExec(call: Call): Promise<Answer> {
  const exec = await call.engine.createExec(call.engine.get(call.part), parseExec(await json(call)));
  return { status: 201, body: { Id: exec.id } };
}

function inspectExec({ engine, part }: Call): Answer {
  const exec = engine.getExec(part);
  const { running, exitCode, pid } = exec.state;
  return ok({ ID: exec.id, Running: running, ExitCode: exitCode, Pid: pid, ContainerID: exec.containerId });
}

function resizeExec({ engine, part, query }: Call): Answer {
  const exec = engine.getExec(part);
  const size = parseSize(query);
  if (size === undefined) throw new EngineError(400, 'h and w must be whole numbers from 1.');
  const { sandbox } = engine.get(exec.containerId);
  if (sandbox !== undefined) exec.resize(sandbox, size);
  return ok(undefined);
}

function startDetached({ engine, part }: Call): Answer {
  const exec = engine.getExec(part);
  const { sandbox } = engine.get(exec.containerId);
  if (sandbox === undefined || exec.started) throw new EngineError(409, `Exec ${part} can't be started.`);
  exec.run(sandbox, undefined);
  return ok(undefined);
}

async function commit({ engine, query }: Call): Promise<Answer> {
  const repo = query.get('repo') ?? '';
  const tag = query.get('tag');
  const reference = tag === null || tag === '' ? repo : `${repo}:${tag}`;
  if (repo === '') throw new EngineError(400, 'repo is missing.');
  return { status: 201, body: { Id: await engine.commit(engine.get(query.get('container') ?? ''), reference) } };
}

function inspectImage({ engine, part }: Call): Answer {
  const image = engine.images.inspect(part);
  return image === undefined ? { status: 404, body: { message: `No such image: ${part}` } } : ok(image);
}

function removeImage({ engine, part }: Call): Answer {
  if (engine.images.remove(part)) return ok([]);
  return { status: 404, body: { message: `No such image: ${part}` } };
}

function pullImage({ engine, query }: Call): Answer {
  const reference = query.get('fromImage') ?? '';
  if (engine.images.inspect(reference) !== undefined) return ok({ status: 'Image is up to date' });
  return {
    status: 404,
    body: { message: `Image ${reference} is not in the images file; the local engine pulls nothing.` },
  };
}

function listVolumes({ engine, query }: Call): Answer {
  const { label, name } = parseFilters(query.get('filters'));
  const found = engine.volumes
    .list()
    .filter(
      (volume) =>
        hasLabels(volume.Labels, label) && (name === undefined || name.some((part) => volume.Name.includes(part))),
    );
  return ok({ Volumes: found, Warnings: null });
}

async function createVolume(call: Call): Promise<Answer> {
  const { Name, Labels } = parseVolume(await json(call));
  return { status: 201, body: call.engine.volumes.create(Name, Labels ?? {}) };
}

function inspectVolume({ engine, part }: Call): Answer {
  const volume = engine.volumes.get(part);
  return volume === undefined ? { status: 404, body: { message: `No such volume: ${part}` } } : ok(volume);
}

function removeVolume({ engine, part }: Call): Answer {
  return engine.volumes.remove(part) ? { status: 204 } : { status: 404, body: { message: `No such volume: ${part}` } };
}

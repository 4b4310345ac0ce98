// The local container engine: `node container/engine/main.ts --socket S --state DIR --images FILE --isolation ns|plain|auto`.
// Speaks the part of the Docker Engine API that workerd uses and runs images of this machine as confined processes.
// Prints one JSON line when it is ready and nothing else on stdout; ends with all its containers.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createApiServer, listenOn } from './api/server.ts';
import { chooseIsolation } from './choose-isolation.ts';
import { openLog } from './engine-log.ts';
import { Engine } from './engine.ts';
import { parseImageCatalog } from './image-catalog.ts';
import { assertDevelopment, parseOptions, UsageError, type EngineOptions } from './options.ts';

const PARENT_CHECK_MS = 1_000;

async function main(): Promise<void> {
  assertDevelopment(process.env);
  const options = parseOptions(process.argv.slice(2));
  const catalog = parseImageCatalog(readFileSync(options.imagesFile, 'utf8'), options.imagesFile);
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(options.socketPath), { recursive: true, mode: 0o700 });
  await takeSocket(options.socketPath);
  const log = openLog(options.logFile, () => new Date());
  // One container's trouble must not end the others; it is told twice, since the log is optional.
  process.on('uncaughtException', (error) => {
    log('uncaught', { error: error.stack });
    process.stderr.write(`engine: ${error.stack ?? String(error)}\n`);
  });

  const { isolation, warnings } = chooseIsolation(options.isolation, options.stateDir);
  const engine = new Engine({ isolation, catalog, stateDir: options.stateDir, log });
  const server = createApiServer(engine, log);
  await listenOn(server, options.socketPath);

  let ending = false;
  const end = (why: string): void => {
    if (ending) return;
    ending = true;
    log('ending', { why });
    server.close();
    rmSync(options.socketPath, { force: true });
    void engine
      .close()
      .then(() => isolation.close())
      .finally(() => process.exit(0));
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  watchParent(options, end);
  const ready = { ready: true, socket: options.socketPath, isolation: isolation.kind, warnings };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

/** Removes a socket nobody answers on; refuses one that another engine uses. */
async function takeSocket(path: string): Promise<void> {
  const answered = await new Promise<boolean>((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
  if (answered) throw new UsageError(`Another engine already listens on ${path}; stop it or choose another --socket.`);
  rmSync(path, { force: true });
}

function watchParent({ parentPid }: EngineOptions, end: (why: string) => void): void {
  if (parentPid === undefined) return;
  // A direct parent is known to be gone when somebody else has adopted us, even if its number is in use again.
  const isDirect = process.ppid === parentPid;
  setInterval(() => {
    if (isDirect ? process.ppid !== parentPid : !exists(parentPid)) end(`process ${parentPid} is gone`);
  }, PARENT_CHECK_MS).unref();
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? error.exitCode : 1);
}

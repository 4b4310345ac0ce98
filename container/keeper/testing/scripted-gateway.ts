/** The program behind `scripted-openclaw.ts`; runs in a process of its own. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocketServer } from 'ws';
import { openclawCacheDir } from '../compile-cache.ts';
import type { Script, ScriptedWork } from './scripted-openclaw.ts';

export async function run(folder: string): Promise<void> {
  const script = JSON.parse(readFileSync(path.join(folder, 'script.json'), 'utf8')) as Script;
  const command = process.argv.slice(2).join(' ');
  appendFileSync(path.join(folder, 'calls.log'), `${command}\n`);
  if (command === 'config validate --json') {
    const verdict = script.validation ?? refusal(script.refuses) ?? { valid: true, issues: [] };
    console.log(JSON.stringify(verdict));
    process.exit(verdict.valid ? 0 : 1);
  }
  if (command === 'security audit --json') {
    const { audit = [] } = script;
    if (typeof audit === 'string') console.error(audit);
    else console.log(JSON.stringify({ summary: {}, findings: audit }));
    process.exit(typeof audit === 'string' ? 1 : 0);
  }
  if (command.startsWith('doctor')) {
    if (script.doctorFails !== undefined) console.error(script.doctorFails);
    process.exit(script.doctorFails === undefined ? 0 : 1);
  }
  await gateway(folder, script);
}

function refusal(text: string | undefined): Script['validation'] | undefined {
  const config = readFileSync(process.env['OPENCLAW_CONFIG_PATH'] ?? '', 'utf8');
  const line = text === undefined ? undefined : config.split('\n').find((each) => each.includes(text));
  return line === undefined ? undefined : { valid: false, issues: [{ path: 'agents', message: `not this: ${line}` }] };
}

async function gateway(folder: string, script: Script): Promise<void> {
  const configFile = process.env['OPENCLAW_CONFIG_PATH'] ?? '';
  const stateDir = path.join(process.env['OPENCLAW_STATE_DIR'] ?? '', 'state');
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as { gateway: { port: number } };
  console.log(`environment ${Object.keys(process.env).toSorted().join(' ')}`);
  if (script.exitAtBoot !== undefined) {
    console.error(script.exitAtBoot.stderr);
    process.exit(script.exitAtBoot.code);
  }
  if (script.rewritesConfig !== undefined) {
    writeFileSync(configFile, JSON.stringify({ ...config, ...script.rewritesConfig }));
  }
  if (!existsSync(stateDir)) mkdirSync(stateDir, { recursive: true });
  const database = new DatabaseSync(path.join(stateDir, 'openclaw.sqlite'));
  database.exec('PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS boots (at INTEGER)');
  database.prepare('INSERT INTO boots VALUES (?)').run(Date.now());

  const cache = path.join(await openclawCacheDir(folder, process.env['TMPDIR'] ?? ''), 'v24.21.0-x64-00000000-0');
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, 'module'), 'compiled');

  const listeningSinceMs = Date.now();
  const { readyAfterMs = 0 } = script;
  const server = http.createServer((request, response) => {
    const ready = readyAfterMs !== null && Date.now() - listeningSinceMs >= readyAfterMs;
    const body = request.url === '/healthz' ? { ok: true, status: 'live' } : { ready };
    response.writeHead(request.url === '/healthz' || ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  serveSuspend(server, folder, script);
  process.on('SIGTERM', () => {
    if (script.ignoresTerm === true) return;
    database.close();
    process.exit(0);
  });
  server.listen(config.gateway.port, '0.0.0.0');
}

function serveSuspend(server: http.Server, folder: string, script: Script): void {
  const { workMs = 0 } = script;
  let drainingSinceMs: number | null = null;
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: 1 } }));
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as {
        id: string;
        method: string;
        params: { auth?: { password: string }; id?: string };
      };
      const answer = (ok: boolean, payload: unknown) =>
        socket.send(
          JSON.stringify({ type: 'res', id: frame.id, ok, ...(ok ? { payload } : { error: { message: 'no' } }) }),
        );
      if (frame.method === 'connect') {
        const local = frame.params.auth?.password === process.env['OPENCLAW_GATEWAY_PASSWORD'];
        answer(local || request.headers['x-tidepool-user'] !== undefined, {});
        return;
      }
      if (frame.method === 'health') return answer(script.unhealthy !== true, { ok: true });
      if (frame.method === 'sessions.list') return answer(true, { totalCount: 3 });
      if (frame.method.startsWith('chat.')) {
        answer(true, { messages: [{ role: 'assistant', content: 'Ready.' }] });
        return;
      }
      const work = JSON.parse(readFileSync(path.join(folder, 'work.json'), 'utf8')) as ScriptedWork;
      if (frame.method === 'gateway.restart.preflight') {
        const none = { queueSize: 0, pendingReplies: 0, cronRuns: 0, backgroundExecSessions: 0, activeTasks: 0 };
        answer(work.mute !== true, { counts: { ...none, rootRequests: 1, embeddedRuns: work.active ?? 0 } });
        return;
      }
      if (frame.method === 'cron.status') return answer(true, { nextWakeAtMs: work.nextRunAtMs ?? null });
      if (frame.method === 'cron.list') return answer(true, { jobs: work.jobs ?? [], total: work.jobs?.length ?? 0 });
      if (frame.method === 'cron.run') {
        appendFileSync(path.join(folder, 'calls.log'), `cron.run ${frame.params.id}\n`);
        return answer(true, { ok: true, enqueued: true });
      }
      if (frame.method === 'gateway.suspend.prepare') drainingSinceMs ??= Date.now();
      const left = workMs - (Date.now() - (drainingSinceMs ?? Date.now()));
      answer(true, left > 0 ? { status: 'draining', suspensionId: 's' } : { status: 'ready', suspensionId: 's' });
    });
  });
}

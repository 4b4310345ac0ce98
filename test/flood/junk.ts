/** Requests and upgrades as strangers send them: nothing in them was made by the cell. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { randomFrom } from '../sim/random.ts';

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const timeoutMs = 30_000;

/** A flood comes from many networks; the platform tells us which. */
function clientOf(n: number): string {
  const random = randomFrom(n, 'client');
  return random.chance(0.5)
    ? `198.18.${random.between(0, 3)}.${random.between(1, 254)}`
    : `2001:db8:${random.between(0, 40).toString(16)}:1::${random.between(1, 65_535).toString(16)}`;
}

/** Three parts of the right shape and a MAC of nobody's. */
function forgedToken(n: number): string {
  const part = (what: string): string => createHash('sha256').update(`${what} ${n}`).digest('base64url');
  return `${part('id')}.zzzzzz.${part('mac')}`;
}

function cookieOf(n: number): string {
  const kinds = [`tidepool_session=${forgedToken(n)}`, 'tidepool_session=junk', `a=${'x'.repeat(2_000)}`, ''];
  return kinds[n % kinds.length] ?? '';
}

/** One request; resolves to its status. */
export function floodRequest(port: number, host: string, n: number): Promise<number> {
  const targets = [
    { method: 'GET', path: '/', headers: page },
    { method: 'GET', path: `/chat?token=${n}`, headers: page },
    { method: 'GET', path: `/__tidepool/callback?code=${forgedToken(n)}&path=%2F`, headers: page },
    { method: 'POST', path: '/__tidepool/wake', headers: { origin: `http://${host}:${port}` } },
    { method: 'GET', path: '/__tidepool/status', headers: {} },
    { method: 'GET', path: '/api/sessions', headers: { authorization: 'Bearer junk' } },
    { method: 'GET', path: '/v1/models', headers: {} },
    { method: 'GET', path: '/assets/index.js', headers: {} },
  ] as const;
  const target = targets[n % targets.length] ?? targets[0];
  return send(port, { ...target, headers: { ...target.headers, ...commonOf(port, host, n) } }, agent);
}

/** One upgrade; resolves to the status it got, 101 when it was let in. */
export function floodUpgrade(port: number, host: string, n: number): Promise<number> {
  const headers = {
    ...commonOf(port, host, n),
    origin: n % 3 === 0 ? 'http://evil.example' : `http://${host}:${port}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16, n % 256).toString('base64'),
  };
  return send(port, { method: 'GET', path: '/', headers }, false);
}

const page = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

function commonOf(port: number, host: string, n: number): Record<string, string> {
  return { host: `${host}:${port}`, cookie: cookieOf(n), 'cf-connecting-ip': clientOf(n) };
}

function send(
  port: number,
  target: { method: string; path: string; headers: Record<string, string> },
  via: http.Agent | false,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, ...target, agent: via, timeout: timeoutMs }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', reject);
    });
    request.once('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve(101);
    });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
    request.end();
  });
}

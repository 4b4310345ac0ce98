import { describe, expect, it, vi } from 'vitest';
import { refusalHeader } from '../core/edge/refusal.ts';
import { sandboxHeaders } from '../tenant-api.ts';
import type { Port } from './port.ts';
import { answerDeadlineMs } from './port.ts';
import { readSandboxRequest, relay } from './relay.ts';
import { SocketSet } from './socket-set.ts';

const host = 'nora-7f3k.tenants.example';
const told = {
  [sandboxHeaders.incarnation]: '3',
  [sandboxHeaders.sessionHash]: 'hash',
  [sandboxHeaders.sessionExpiresAtMs]: '9999999999999',
  [sandboxHeaders.act]: '1',
};

class FakePort implements Port {
  readonly asked: { url: string; method: string; headers: Record<string, string>; body: string | null }[] = [];
  /** What each request gets, in order; then the last again. */
  answers: (Response | Error)[];

  constructor(...answers: (Response | Error)[]) {
    this.answers = answers;
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const body = init.body ? await new Response(init.body as ReadableStream).text() : null;
    const headers = Object.fromEntries(new Headers(init.headers as Headers));
    this.asked.push({ url, method: init.method ?? 'GET', headers, body });
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error('Container is not listening to port 18789');
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

async function ask(
  port: Port,
  path: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<{ answer: Response; activity: number }> {
  let activity = 0;
  const sockets = new SocketSet({ clock: { nowMs: () => 0 }, recheck: async () => null, every: () => () => undefined });
  const headers = { 'x-forwarded-host': host, 'x-forwarded-proto': 'https', ...told, ...init.headers };
  const request = new Request(`http://${host}${path}`, { ...init, headers });
  const answer = await relay(port, request, { onActivity: () => activity++, sockets });
  return { answer, activity };
}

it('a request that a page makes by itself is no activity', async () => {
  const port = new FakePort(new Response('file'));
  expect((await ask(port, '/favicon.svg', { headers: { [sandboxHeaders.act]: '0' } })).activity).toBe(0);
});

const lost = new Error('connection lost');

describe('relay', () => {
  it('asks the port with our headers off, and filters the answer', async () => {
    const port = new FakePort(
      new Response('hello', { headers: { 'content-type': 'text/html', 'set-cookie': 'a=1', 'x-openclaw-x': '1' } }),
    );
    const { answer, activity } = await ask(port, '/chat?x=//y', { headers: { 'x-tidepool-user': 'usr_1' } });
    expect(port.asked).toEqual([
      {
        url: `http://${host}/chat?x=//y`,
        method: 'GET',
        headers: { 'x-forwarded-host': host, 'x-forwarded-proto': 'https', 'x-tidepool-user': 'usr_1' },
        body: null,
      },
    ]);
    expect([answer.status, await answer.text(), activity]).toEqual([200, 'hello', 1]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get('x-openclaw-x')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  it.each([
    ['GET', 2],
    ['HEAD', 2],
    ['DELETE', 1],
  ])('%s is asked %d times when the connection is lost', async (method, times) => {
    const port = new FakePort(lost, lost, new Response('late'));
    const { answer } = await ask(port, '/', { method });
    expect([answer.status, answer.headers.get(refusalHeader), port.asked.length]).toEqual([502, 'unreachable', times]);
  });

  it('succeeds at the second try of a read, and never repeats a change', async () => {
    expect((await ask(new FakePort(lost, new Response('ok')), '/')).answer.status).toBe(200);
    const port = new FakePort(lost, new Response('twice'));
    const { answer } = await ask(port, '/api', { method: 'POST', body: 'x' });
    expect([answer.headers.get(refusalHeader), port.asked.length]).toEqual(['unreachable', 1]);
  });

  it('gives up on a gateway that says nothing, without asking again', async () => {
    vi.useFakeTimers();
    try {
      let asked = 0;
      const silent: Port = {
        fetch: (_url, init) => {
          asked++;
          return new Promise((_resolve, reject) => {
            init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
          });
        },
      };
      const pending = ask(silent, '/');
      await vi.advanceTimersByTimeAsync(answerDeadlineMs);
      expect([(await pending).answer.headers.get(refusalHeader), asked]).toEqual(['unreachable', 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    new Response('stack trace', { status: 500 }),
    new Response('starting', { status: 503 }),
    new Response('', { status: 407 }),
    new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
  ])('does not show what a browser must not see (%#)', async (response) => {
    const { answer } = await ask(new FakePort(response), '/');
    expect([answer.status, answer.headers.get(refusalHeader), await answer.text()]).toEqual([502, 'unreachable', '']);
  });

  it('passes the statuses that belong to the application', async () => {
    for (const status of [204, 304, 401, 404, 409]) {
      const body = status === 204 || status === 304 ? null : 'x';
      const headers = { 'www-authenticate': 'Basic', [refusalHeader]: 'incarnation_stale' };
      const { answer } = await ask(new FakePort(new Response(body, { status, headers })), '/');
      expect(answer.status).toBe(status);
      expect(answer.headers.get('www-authenticate')).toBeNull();
      // A container cannot speak with the sandbox object's voice.
      expect(answer.headers.get(refusalHeader)).toBeNull();
    }
  });

  it('asks nothing for a request that the gate did not make', async () => {
    const port = new FakePort(new Response('never'));
    const bare = await ask(port, '/', { headers: { [sandboxHeaders.sessionHash]: '' } });
    expect(bare.answer.headers.get(refusalHeader)).toBe('session_expired');
    const elsewhere = await ask(port, '/', { headers: { 'x-forwarded-host': 'other.example' } });
    expect(elsewhere.answer.headers.get(refusalHeader)).toBe('unreachable');
    expect(port.asked).toEqual([]);
  });
});

const read = (over: Record<string, string>): unknown =>
  readSandboxRequest(new Request('http://x.example', { headers: { ...told, ...over } }));

describe('readSandboxRequest', () => {
  it('takes what the gate writes', () => {
    expect(read({})).toEqual({
      isAct: true,
      scopes: '',
      incarnation: 3,
      sessionHash: 'hash',
      sessionExpiresAtMs: 9_999_999_999_999,
    });
  });

  it.each([
    { [sandboxHeaders.incarnation]: '0' },
    { [sandboxHeaders.incarnation]: '1.5' },
    { [sandboxHeaders.incarnation]: 'x' },
    { [sandboxHeaders.sessionExpiresAtMs]: '-1' },
    { [sandboxHeaders.sessionExpiresAtMs]: '' },
  ])('refuses %j', (over) => {
    expect(read(over)).toBeNull();
  });

  it('refuses a request without them', () => {
    expect(readSandboxRequest(new Request('http://x.example'))).toBeNull();
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { call, pathOf } from './client.ts';
import { ApiError } from './errors.ts';

afterEach(() => vi.unstubAllGlobals());

/** Puts one answer in place of the network and gives back what was asked. */
function answerWith(response: Response): { asked: () => { url: string; init: RequestInit } } {
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() => Promise.resolve(response));
  vi.stubGlobal('fetch', fetched);
  return {
    asked: () => {
      const [url, init] = fetched.mock.calls[0] ?? ['', {}];
      return { url, init };
    },
  };
}

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': 'req_7' },
  });

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof ApiError ? error.failure.code : 'another error'),
  );

describe('paths', () => {
  it('puts parameters in, encoded, and leaves out what is not given', () => {
    expect(pathOf('/api/v1/slugs/{slug}', { slug: 'a/b?c' })).toBe('/api/v1/slugs/a%2Fb%3Fc');
    expect(pathOf('/x', {}, { limit: 50, cursor: undefined })).toBe('/x?limit=50');
  });
});

describe('a call', () => {
  it('sends the body, the key and no more, and parses the answer', async () => {
    const system = {
      version: '1',
      standIns: { mail: true, model: true, containers: false, billing: true },
      outboxUrl: null,
      billing: 'off',
      humanCheckSiteKey: null,
    };
    const { asked } = answerWith(json({ ...system, extra: 'dropped' }));
    expect(await call('systemRead', {})).toEqual(system);
    expect(asked()).toMatchObject({ url: '/api/v1/system', init: { method: 'GET', credentials: 'same-origin' } });
    expect(asked().init.body).toBeUndefined();
  });

  it('carries the idempotency key of a create', async () => {
    const { asked } = answerWith(json({}, 500));
    const input = { params: { orgId: 'org1' }, body: { name: 'Nora', slug: 'nora' }, idempotencyKey: 'key-1' };
    await codeOf(call('tenantCreate', input));
    expect(asked().url).toBe('/api/v1/orgs/org1/tenants');
    expect(asked().init.headers).toMatchObject({ 'idempotency-key': 'key-1', 'content-type': 'application/json' });
    expect(asked().init.body).toBe('{"name":"Nora","slug":"nora"}');
  });

  it('sends bytes as they are', async () => {
    const { asked } = answerWith(json({}, 500));
    const content = new Blob(['tar']);
    const params = { tenantId: 'ten1', importId: 'imp1', part: 3 };
    await codeOf(call('importPart', { params, content }));
    expect(asked()).toMatchObject({ url: '/api/v1/tenants/ten1/imports/imp1/parts/3', init: { method: 'PUT' } });
    expect(asked().init.body).toBe(content);
    expect(asked().init.headers).not.toHaveProperty('content-type');
  });

  it('refuses an answer that the schema refuses', async () => {
    answerWith(json({ version: 1 }));
    expect(await codeOf(call('systemRead', {}))).toBe('unexpected_answer');
  });

  it('refuses an answer that is not JSON', async () => {
    answerWith(new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }));
    expect(await codeOf(call('systemRead', {}))).toBe('unexpected_answer');
  });

  it('says when nobody answered', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    expect(await codeOf(call('systemRead', {}))).toBe('network_unreachable');
  });

  it('says by its status what an answer is that only calls itself JSON', async () => {
    answerWith(new Response('<html>', { status: 502, headers: { 'content-type': 'application/json' } }));
    const error = await call('systemRead', {}).catch((thrown: unknown) => thrown);
    expect(error instanceof ApiError && error.failure).toMatchObject({ code: 'unexpected_answer', status: 502 });
  });

  it('says when the connection broke within the answer, which may come whole the next time', async () => {
    const broken = new ReadableStream({
      start: (stream) => {
        stream.enqueue(new TextEncoder().encode('{"version":'));
        stream.error(new TypeError('network error'));
      },
    });
    answerWith(new Response(broken, { headers: { 'content-type': 'application/json' } }));
    expect(await codeOf(call('systemRead', {}))).toBe('network_unreachable');
  });

  it('passes an abort on as it is: nobody waits for the answer any more', async () => {
    const controller = new AbortController();
    vi.stubGlobal('fetch', () => {
      controller.abort();
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    });
    expect(await codeOf(call('systemRead', { signal: controller.signal }))).toBe('another error');
  });
});

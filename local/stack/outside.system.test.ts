// The local network for what assistants send out: a name that resolves to this machine is refused at the connection.

import { createServer } from 'node:http';
import { Miniflare, convertV4MiniflareOptions } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outsideNetwork } from './outside.ts';

const seen: string[] = [];
const machine = createServer((request, response) => {
  seen.push(request.url ?? '');
  response.end('reached');
});
let miniflare: Miniflare;
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => machine.listen(0, '127.0.0.1', resolve));
  const address = machine.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  const script = `export default { async fetch(request, env) {
    const { url, through } = await request.json();
    try {
      const answer = await (through === 'outside' ? env.EGRESS_NETWORK.fetch(url) : fetch(url));
      return new Response(await answer.text());
    } catch (error) { return new Response('refused: ' + error.message, { status: 502 }); }
  } }`;
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: '2026-10-01',
      serviceBindings: { EGRESS_NETWORK: outsideNetwork(undefined) },
    }),
  );
});
afterAll(async () => {
  await miniflare?.dispose();
  await new Promise((resolve) => machine.close(resolve));
});

async function ask(through: 'outside' | 'fetch', host: string): Promise<number> {
  const body = JSON.stringify({ through, url: `http://${host}:${port}/${through}` });
  return (await miniflare.dispatchFetch('http://worker/', { method: 'POST', body })).status;
}

it('reaches no address of this machine, by number or by name', async () => {
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0.0.0.0'])
    expect([host, await ask('outside', host)]).toEqual([host, 502]);
  expect(seen).toEqual([]);
});

it('where the default network would', async () => {
  expect(await ask('fetch', 'localhost')).toBe(200);
  expect(seen).toEqual(['/fetch']);
});

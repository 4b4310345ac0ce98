/**
 * A hostile program in a tenant's container tries every way out that it can think of. Witnesses stand where a message
 * would arrive: everything that leaves the firewall, and this machine's own ports. What may leave does (the control), and
 * nothing else arrives anywhere.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Response } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { release } from '../../container/image/release.ts';
import { execInContainer } from '../support/container-exec.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';

/** In the list of Balanced, which a new assistant has. */
const allowed = 'en.wikipedia.org';
const arrived = 'the-outside-was-reached';

const Try = z.object({ at: z.number(), channel: z.string(), what: z.string(), came: z.string() });
type Try = z.infer<typeof Try>;

let product: Product;
let person: Person;
let tenant: { id: string; slug: string };
let tries: Try[];
/** What reached this machine's own ports. */
const reached: string[] = [];
/** What left through the firewall. */
const left: string[] = [];

const tcp = createServer((socket) => {
  reached.push(`tcp from ${socket.remoteAddress}`);
  socket.on('error', () => undefined);
  socket.end(arrived);
});
const udp = createSocket('udp4');

beforeAll(async () => {
  tcp.listen(0, '0.0.0.0');
  await once(tcp, 'listening');
  const hostPort = (tcp.address() as AddressInfo).port;
  udp.on('message', () => reached.push('udp'));
  udp.bind(hostPort, '0.0.0.0');
  product = await startProduct({
    outside: (request) => {
      const url = new URL(request.url);
      left.push(`${request.method} ${url.protocol}//${url.host}`);
      const to = url.searchParams.get('to');
      return to === null ? new Response(arrived) : new Response(null, { status: 302, headers: { location: to } });
    },
  });
  person = await Person.signUp(() => product.stack, 'Cane');
  tenant = await person.createAssistant('Cane', 'cane-canary-4q');
  await person.waitFor(tenant.id, 'awake');
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
  const script = readFileSync(path.join(import.meta.dirname, 'sample/egress-canary.mjs'), 'utf8');
  const { stdout, stderr } = await execInContainer(product.stack.engineSocket, {
    command: [`${release.nodeDir}/bin/node`, '--input-type=module', '-'],
    stdin: script,
    env: {
      CANARY: JSON.stringify({
        tenant: tenant.slug,
        other: 'some-other-pool',
        port: product.stack.port,
        hostPort,
        hostAddresses: [...new Set(['127.0.0.1', ...addresses.filter((address) => !address.includes(':'))])].slice(
          0,
          4,
        ),
        sockets: [product.stack.engineSocket],
        allowed,
      }),
    },
  });
  tries = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => Try.parse(JSON.parse(line)))
    .toSorted((a, b) => a.at - b.at);
  if (tries.length < 20) throw new Error(`the canary did not run: ${stdout.slice(-500)} ${stderr.slice(-2_000)}`);
});

afterAll(async () => {
  await product?.close();
  tcp.close();
  udp.close();
});

/** In a word or two, for the table. */
function outcome({ came }: Try): string {
  if (came.includes(arrived)) return 'REACHED';
  const reason = /"reason":"(\w+)"/.exec(came)?.[1];
  if (reason !== undefined) return `refused: ${reason}`;
  const status = /^HTTP\/1\.\d (\d+)/.exec(came)?.[1];
  return status === undefined ? came.slice(0, 40) : `answered ${status}`;
}

describe('a hostile program in a container', () => {
  it('gets out where it may', () => {
    const control = tries.filter(({ channel }) => channel === 'control');
    expect(control.map(outcome)).toEqual(['REACHED', 'REACHED', 'REACHED']);
  });

  it('and nowhere else', () => {
    const table = tries.map((one) => `${one.channel.padEnd(28)} ${one.what.padEnd(44)} ${outcome(one)}`);
    console.log(`${table.length} tries\n${table.join('\n')}`);
    // Here the first, allowed request is answered; the second one's answer is the refusal.
    const inOne = tries.find(({ what }) => what === 'allowed, then not');
    expect(inOne?.came.split(arrived)).toEqual([expect.any(String), expect.stringContaining('"reason":"not_listed"')]);
    const out = tries.filter(({ channel }) => channel !== 'control').filter((one) => outcome(one) === 'REACHED');
    expect(out.filter((one) => one !== inOne)).toEqual([]);
    // What cannot be read is refused and noted, not met with a fault of ours.
    expect(tries.filter((one) => outcome(one) === 'answered 500')).toEqual([]);
    expect(reached).toEqual([]);
    expect([...new Set(left)].sort()).toEqual([`GET http://${allowed}`, `GET https://${allowed}`]);
  });

  it('learns nothing from the keeper, the gateway or our own hosts', () => {
    const inside = tries.filter(({ channel }) => ['keeper', 'gateway', 'own hosts'].includes(channel));
    expect(inside.length).toBeGreaterThan(5);
    for (const one of inside) expect([one.what, outcome(one)]).not.toEqual([one.what, 'answered 200']);
  });

  it('is in the feed, with what was refused', async () => {
    const refused = tries.map(outcome).filter((text) => text.startsWith('refused:')).length;
    expect(refused).toBeGreaterThan(60);
    const reasons = await until('the refusals in the feed', async () => {
      const { denied } = await person.call('networkRead', { params: { tenantId: tenant.id } });
      const hosts = denied.map(({ host }) => host);
      const wanted = ['attacker.example.com', '169.254.169.254', '127.0.0.1', 'some-other-pool.localhost', '[::1]'];
      return wanted.every((host) => hosts.includes(host)) && denied;
    });
    for (const never of ['169.254.169.254', '127.0.0.1', '[::1]', 'some-other-pool.localhost'])
      expect(reasons.find(({ host }) => host === never)).toMatchObject({ canAllow: false });
    expect(reasons.find(({ host }) => host === 'attacker.example.com')).toMatchObject({ canAllow: true });
  });

  it('gets to a host when its owner allows it, and not after never', async () => {
    const params = { tenantId: tenant.id };
    const ask = async () => {
      const script = `const r = await fetch('http://attacker.example.com/later'); process.stdout.write(r.status + ' ' + (await r.text()));`;
      const done = await execInContainer(product.stack.engineSocket, {
        command: [`${release.nodeDir}/bin/node`, '--input-type=module', '-'],
        stdin: script,
        env: {},
      });
      return done.stdout;
    };
    expect(await ask()).toContain('Ask the owner to allow GET on attacker.example.com');
    const body = { host: 'attacker.example.com', method: 'GET' };
    await person.call('networkAnswer', { params, body: { ...body, verdict: 'once' } });
    await until('the answer to count', async () => (await ask()) === `200 ${arrived}`);
    await person.call('networkAnswer', { params, body: { ...body, method: null, verdict: 'never' } });
    await until('the revocation to count', async () => (await ask()).includes('answered_never'));
  });
});

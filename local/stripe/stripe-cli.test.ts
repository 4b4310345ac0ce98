// Stripe's own command line, offline, makes every event that we handle at the stand-in. What comes of them is put through
// the real reading of webhooks and the real provider, twice each and in any order: the mirror is the stand-in's truth.

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStripe } from '../../apps/control-plane/src/adapters/stripe/client.ts';
import { stripeProvider } from '../../apps/control-plane/src/adapters/stripe/provider.ts';
import { readStripeNews, type StripeNews } from '../../apps/control-plane/src/adapters/stripe/webhook.ts';
import { mirrorOf, type Mirror } from '../../apps/control-plane/src/core/billing/mirror.ts';
import { lookupKeyOf, planAt } from '../../apps/control-plane/src/core/billing/plans.ts';
import { startLocalStripe, type LocalStripe } from './main.ts';

const secret = 'whsec_only_for_this_test';
const planKey = lookupKeyOf(planAt('pool', Date.UTC(2026, 10, 21)));
const planned = ['--add', `price:lookup_key=${planKey}`];
const triggers: readonly (readonly string[])[] = [
  ['customer.subscription.created', ...planned],
  ['customer.subscription.updated', ...planned],
  ['customer.subscription.deleted', ...planned],
  ['customer.updated'],
  ['invoice.finalized'],
  ['invoice.paid'],
  ['invoice.payment_failed'],
  ['invoice.voided'],
  ['invoice.marked_uncollectible'],
  ['checkout.session.completed'],
  ['checkout.session.expired'],
  ['payment_method.attached'],
  ['payment_method.detached'],
  ['charge.dispute.created'],
  ['charge.dispute.closed'],
  ['charge.refunded'],
];

/** The vendor's binary comes from npm for this platform only; elsewhere the stand-in is held to the vendor's types alone. */
const command = path.resolve(import.meta.dirname, '../../node_modules/@stripe/cli-linux-x64/bin/stripe');
const onThisPlatform = process.platform === 'linux' && process.arch === 'x64';

let home: string;
let stripe: LocalStripe;
const told: StripeNews[] = [];
const receiver = createServer((request, response) => {
  void (async () => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const signature = request.headers['stripe-signature'];
    const news = await readStripeNews(
      Buffer.concat(parts).toString('utf8'),
      typeof signature === 'string' ? signature : null,
      { secrets: [secret], nowMs: Date.now() },
    );
    if (news !== null) told.push(news);
    response.writeHead(news === null ? 400 : 200).end();
  })();
});

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tidepool-stripe-cli-'));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  if (typeof address !== 'object' || address === null) throw new Error('the receiver has no port');
  stripe = await startLocalStripe({
    stateFile: path.join(home, 'stripe.json'),
    platformOrigin: `http://127.0.0.1:${address.port}`,
    webhookSecret: secret,
  });
});
afterAll(async () => {
  await stripe.close();
  await new Promise((resolve) => receiver.close(resolve));
  await rm(home, { recursive: true, force: true });
});

/** Throws with what the command said when it failed. */
function trigger(args: readonly string[]): Promise<void> {
  const all = ['trigger', ...args, '--api-key', 'sk_test_only_for_this_test', '--api-base', stripe.origin];
  const env = { PATH: process.env['PATH'], HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: '1' };
  return new Promise((resolve, reject) => {
    execFile(command, all, { env, timeout: 60_000 }, (error, out, problem) =>
      error === null ? resolve() : reject(new Error(`${args[0] ?? ''}: ${out}${problem}`)),
    );
  });
}

test.runIf(onThisPlatform)(
  'every event we handle, twice each and shuffled, ends in the truth',
  { timeout: 180_000 },
  async () => {
    for (const each of triggers) await trigger(each);
    const wanted = triggers.map(([type]) => type);
    await expect
      .poll(() => wanted.filter((type) => !told.some((news) => news.type === type)), { timeout: 20_000 })
      .toEqual([]);

    const client = createStripe({ secretKey: 'sk_test_only_for_this_test', apiBase: stripe.origin });
    const provider = stripeProvider(client, { tax: false });
    const customers = new Set(told.flatMap(({ customerId }) => (customerId === null ? [] : [customerId])));
    const truth = new Map<string, Mirror>();
    for (const id of customers) truth.set(id, mirrorOf(await provider.customerTruth(id)));
    const statuses = [...truth.values()].flatMap(({ subscription }) =>
      subscription === null ? [] : [subscription.status],
    );
    expect(statuses.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['active', 'active', 'canceled']);

    for (const order of [told.toReversed(), shuffled(told, 7), shuffled(told, 11)]) {
      const kept = new Map<string, Mirror>();
      for (const { customerId } of [...order, ...order]) {
        if (customerId !== null) kept.set(customerId, mirrorOf(await provider.customerTruth(customerId)));
      }
      expect(kept).toEqual(truth);
    }
    for (const { type, objectId } of told) {
      if (type === 'charge.dispute.closed')
        expect(await provider.holdRead('dispute', objectId)).toMatchObject({ open: true });
      if (type === 'checkout.session.completed')
        expect(await provider.checkoutRead(objectId)).toMatchObject({ paid: true });
      if (type === 'refund.created') expect(await provider.refundRead(objectId)).toMatchObject({ done: true });
    }
  },
);

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const ranked = items.map((item, index) => ({ item, rank: ((index + 1) * 2_654_435_761 * seed) % 4_294_967_291 }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}

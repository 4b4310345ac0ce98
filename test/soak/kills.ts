/**
 * `npm run soak -- --kills 20 --seed 1`: the real OpenClaw is killed at random moments of chat, sleep and wake: gateway,
 * keeper, whole container, workerd. After each kill the tenant must come back by itself and hold everything it held: the
 * conversation, memory files, a skill, a cron job and a paired device, compared file by file and message by message. A
 * container that is killed takes with it what was said since its last save: that must be in the incident that the person
 * reads, and is counted apart (`told`). Where the breaker asks for a person (`asked`), one restarts it. Prints a JSON line
 * per kill and the times at the end; exits 1 when anything else was lost.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { randomFrom } from '../sim/random.ts';
import { quantile, round } from '../bench/statistics.ts';
import { GatewayClient } from '../support/gateway-client.ts';
import { descendants, isGateway, isKeeper } from '../support/container-processes.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import { Belongings } from './belongings.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const kills = Math.min(Math.max(Number(values.kills) || 20, 1), 200);
const random = randomFrom(Number(values.seed) || 1);
const print = (line: Readonly<Record<string, unknown>>): void => console.log(JSON.stringify(line));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const victims = ['gateway', 'keeper', 'container', 'workerd'] as const;
const moments = ['chat', 'sleep', 'wake'] as const;
/** A turn must end within this; also after a kill that cuts the one before it. */
const answerTimeoutMs = 240_000;

const product = await startProduct();
let lost = 0;
let told = 0;
try {
  const person = await Person.signUp(() => product.stack, 'Soak');
  const tenant = await person.createAssistant('Soak', 'soak-pool-7r');
  const params = { tenantId: tenant.id };
  const stateOf = async (): Promise<string> => (await person.call('tenantRead', { params })).state;
  await person.waitFor(tenant.id, 'awake');
  const connect = async (): Promise<GatewayClient> =>
    GatewayClient.connectWhenReady(() => product.stack, tenant.slug, await person.openAssistant(tenant.slug));

  const kill = async (victim: (typeof victims)[number]): Promise<boolean> => {
    if (victim === 'workerd') {
      await product.stack.restartWorkerd();
      return true;
    }
    const below = descendants(product.stack.pids.engine() ?? 0);
    // The first process of a container is its sandbox; with it everything inside ends.
    const pid =
      victim === 'container' ? below[0]?.pid : below.filter(victim === 'gateway' ? isGateway : isKeeper).at(-1)?.pid;
    if (pid === undefined) return false;
    process.kill(pid, 'SIGKILL');
    return true;
  };

  /** Since when what was written is gone, as the incident of a kill says; null when none says so. */
  const lostSince = async (killedAtWallMs: number): Promise<number | null> => {
    const { items } = await person.call('timelineRead', { params });
    const incidents = items.flatMap((item) => (item.kind === 'incident' ? [item.incident] : []));
    const [of] = incidents.filter(({ kind, noticedAtMs }) => kind === 'run_lost' && noticedAtMs >= killedAtWallMs);
    return of?.lost?.sinceMs ?? null;
  };

  const first = await connect();
  const belongings = new Belongings(product.stateDir);
  await belongings.make(first, (device) =>
    GatewayClient.connect(product.stack, tenant.slug, person.cookiesFor(`${tenant.slug}.localhost`), device),
  );
  first.close();
  // From here on a loss of any of it is a fault, whatever is killed.
  const madeAtMs = Date.now();
  await person.call('snapshotTake', { params, body: {} });
  await until('what was made to be saved', async () => {
    const { lastSnapshot } = await person.call('tenantRead', { params });
    return lastSnapshot !== null && Date.parse(lastSnapshot.at) >= madeAtMs;
  });

  const backMs: number[] = [];
  const answeredMs: number[] = [];
  for (let i = 1; i <= kills; i++) {
    const victim = random.pick(victims);
    const moment = random.pick(moments);
    if (moment === 'wake' && (await stateOf()) === 'awake') {
      await person.call('tenantSleep', { params });
      await person.waitFor(tenant.id, 'asleep');
    }
    if (moment !== 'wake' && (await stateOf()) !== 'awake') await person.call('tenantWake', { params });
    if (moment !== 'wake') await person.waitFor(tenant.id, 'awake');
    const word = `pearl-${i}-${random.between(0, 999_999)}`;
    if (moment !== 'wake') {
      const client = await connect();
      belongings.said(word, Date.now());
      await until(`the word ${word} to be kept`, async () => {
        await client.send(`Remember the word ${word}.`).catch(() => undefined);
        return (await client.history()).some((text) => text.includes(word));
      });
      await client.send('Please count slowly to 40');
      client.close();
    }
    if (moment === 'sleep') await person.call('tenantSleep', { params });
    if (moment === 'wake') await person.call('tenantWake', { params });
    await pause(random.between(0, 4_000));
    const killedAtMs = performance.now();
    const killedAtWallMs = Date.now();
    const hit = await kill(victim);
    let asked = false;
    // Whatever it was doing, it comes to rest by itself; from asleep a person wakes it.
    await until(
      'the tenant to be at rest',
      async () => {
        const state = await stateOf();
        // Five crashes within ten minutes ask for a person, who restarts it; this pace is that of a crash loop.
        if (state === 'needs_operator') {
          asked = true;
          await person.call('tenantRestart', { params });
        }
        return state === 'awake' || state === 'asleep';
      },
      answerTimeoutMs,
    );
    if ((await stateOf()) === 'asleep') await person.call('tenantWake', { params }).catch(() => undefined);
    let client = await until('a gateway that answers', connect, answerTimeoutMs);
    const connectedMs = performance.now() - killedAtMs;
    // The one that was killed may have answered for a moment before it was gone.
    const connected = async (): Promise<GatewayClient> =>
      client.closed === null ? client : (client = await connect());
    const hello = `Hello ${randomUUID()}`;
    await until('a message to be taken', async () => (await connected()).send(hello), answerTimeoutMs);
    await until(
      'an answer',
      async () => {
        const texts = await (await connected()).history();
        const at = texts.findIndex((text) => text.includes(hello));
        return at >= 0 && texts.slice(at + 1).some((text) => text.trim() !== '');
      },
      answerTimeoutMs,
    );
    const tookMs = performance.now() - killedAtMs;
    const missing = await belongings.missing(client);
    client.close();
    const sinceMs = missing.length > 0 && victim === 'container' ? await lostSince(killedAtWallMs) : null;
    const forgiven = sinceMs === null ? 0 : belongings.forgive(missing, sinceMs);
    told += forgiven;
    lost += missing.length - forgiven;
    if (hit) {
      backMs.push(connectedMs);
      answeredMs.push(tookMs);
    }
    print({
      kill: i,
      victim,
      moment,
      hit,
      connectedMs: round(connectedMs, 0),
      answeredMs: round(tookMs, 0),
      missing,
      told: forgiven,
      asked,
    });
  }
  for (const [what, times] of Object.entries({
    'from the kill until a socket is connected again': backMs,
    'from the kill until a new message is answered, after the turn that was cut': answeredMs,
  })) {
    print({
      what,
      kills: times.length,
      medianMs: round(quantile(times, 0.5), 0),
      p90Ms: round(quantile(times, 0.9), 0),
      maxMs: round(Math.max(...times), 0),
    });
  }
  print({ lost, told });
} finally {
  await product.close();
}
process.exitCode = lost === 0 ? 0 : 1;

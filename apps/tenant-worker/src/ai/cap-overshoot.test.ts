/**
 * How far a cap can be overshot: a cap of $1.00 under 100 streams at a time, over real HTTP, with the real dispatch and
 * ledger. Waves of 100 are sent until one is refused whole; every granted stream of a wave is open at the same moment,
 * and all of them end together. The numbers are printed; docs/metering.md states the bound.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { platformPays } from '../../../../test/support/ai-dispatch-world.ts';
import { startChargingModel, type Charge, type ChargingModel } from '../../../../test/support/charging-model.ts';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import { aiLimits, createAiDispatch } from './dispatch.ts';
import { chooseUpstream } from './upstream.ts';

const capNanoUsd = 1_000_000_000;
const streams = 100;
const wavesMax = 60;
const clock = { nowMs: (): number => Date.now() };
const context = { tenantId: 'ten_1', slug: 'ada', incarnation: 1, capNanoUsd };

let model: ChargingModel;
afterEach(() => model.close());

interface Shown {
  readonly streamsAtATime: number;
  readonly granted: number;
  readonly refused: number;
  readonly busy: number;
  readonly underWayAtMost: number;
  readonly heldAtMostNanoUsd: number;
  readonly spentNanoUsd: number;
  readonly overshootNanoUsd: number;
  /** What the requests under way cost above what was set aside for them, in the wave where that was most. */
  readonly boundNanoUsd: number;
}

/** Every wave's requests differ, as those of different sessions do. */
function ask(n: number, maxTokens: number): Request {
  const content = `Session ${n}: tell me everything you know about tide pools. ${'Go on. '.repeat(n % 40)}`;
  return new Request('http://ai.tidepool.internal/anthropic/v1/messages', {
    method: 'POST',
    body: JSON.stringify({
      model: 'claude-sonnet-4-6',
      max_tokens: maxTokens,
      stream: true,
      messages: [{ role: 'user', content }],
    }),
  });
}

interface Case {
  readonly chargeOf: (of: { bytes: number; maxTokens: number }) => Charge;
  readonly concurrentMax: number;
  readonly maxTokens: number;
}

async function overshoot({ chargeOf, concurrentMax, maxTokens }: Case): Promise<Shown> {
  model = await startChargingModel(chargeOf);
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, clock.nowMs());
  const ledger = new Ledger(sql, clock);
  let ids = 0;
  const ai = createAiDispatch({
    ledger,
    payments: platformPays,
    upstream: chooseUpstream({ DEMO_MODEL_BASE_URL: model.baseUrl }),
    clock,
    ids: { ulid: () => `r${String((ids += 1)).padStart(6, '0')}` },
    limits: { ...aiLimits, concurrentMax },
    onSettled: () => undefined,
    keepAlive: () => undefined,
    onFault: (event, error) => {
      throw new Error(event, { cause: error });
    },
  });
  const month = () => ledger.periodTotal(ledger.currentPeriod());
  const shown = { granted: 0, refused: 0, busy: 0, underWayAtMost: 0, heldAtMostNanoUsd: 0, boundNanoUsd: 0 };
  for (let wave = 0; wave < wavesMax; wave++) {
    const answers = await Promise.all(
      Array.from({ length: streams }, (_, n) => ai.handle(ask(wave * streams + n, maxTokens), context)),
    );
    const granted = answers.filter(({ status }) => status === 200);
    await expect.poll(() => model.open()).toBe(granted.length);
    const { heldNanoUsd, spentNanoUsd } = month();
    shown.granted += granted.length;
    shown.refused += answers.filter(({ status }) => status === 402).length;
    shown.busy += answers.filter(({ status }) => status === 429).length;
    shown.underWayAtMost = Math.max(shown.underWayAtMost, granted.length);
    shown.heldAtMostNanoUsd = Math.max(shown.heldAtMostNanoUsd, heldNanoUsd);
    // The reservation is what keeps the cap: with what is set aside it is never passed, whatever is under way.
    if (spentNanoUsd <= capNanoUsd) expect(spentNanoUsd + heldNanoUsd).toBeLessThanOrEqual(capNanoUsd);
    model.endAll();
    await Promise.all(answers.map((answer) => answer.text()));
    expect(month().heldNanoUsd).toBe(0);
    shown.boundNanoUsd = Math.max(shown.boundNanoUsd, month().spentNanoUsd - spentNanoUsd - heldNanoUsd);
    if (granted.length === 0) break;
  }
  const { spentNanoUsd, requests } = month();
  const result: Shown = {
    streamsAtATime: streams,
    ...shown,
    spentNanoUsd,
    overshootNanoUsd: Math.max(0, spentNanoUsd - capNanoUsd),
  };
  expect(requests).toBe(shown.granted);
  return result;
}

/** All that the bound allows: the longest answer, and a token of input for every byte and for what a provider adds. */
const toTheBound = ({ bytes, maxTokens }: { bytes: number; maxTokens: number }): Charge => ({
  inputTokens: bytes + 1_800,
  outputTokens: maxTokens,
});
/** Much less than was set aside, as answers are: the rest comes back, and many waves fit. */
const ordinary = (): Charge => ({ inputTokens: 300, outputTokens: 500 });
/** A provider that does not keep to the bound on the answer. */
const tenTimes = ({ bytes, maxTokens }: { bytes: number; maxTokens: number }): Charge => ({
  inputTokens: bytes,
  outputTokens: maxTokens * 10,
});

/** So short that the holds of all 100 fit under the cap at once; and as long as a turn's is, of which 27 fit. */
const shortAnswer = 150;
const longAnswer = 2_000;

const print = (what: string, shown: Shown): void => console.log(`${what}: ${JSON.stringify(shown)}`);

describe('a cap of $1.00 under 100 streams at a time', () => {
  it('is not passed by a nano-dollar while providers keep to the bounds, with all 100 under way', async () => {
    const shown = await overshoot({ chargeOf: toTheBound, concurrentMax: streams, maxTokens: shortAnswer });
    print('to the bound', shown);
    expect(shown).toMatchObject({ overshootNanoUsd: 0, busy: 0, underWayAtMost: streams });
    expect(shown.boundNanoUsd).toBeLessThanOrEqual(0);
    expect(shown.spentNanoUsd).toBeGreaterThan(0.95 * capNanoUsd);
  });

  it('is used up by answers that cost less than what is set aside, and not passed', async () => {
    const shown = await overshoot({ chargeOf: ordinary, concurrentMax: streams, maxTokens: longAnswer });
    print('ordinary', shown);
    expect(shown).toMatchObject({ overshootNanoUsd: 0, busy: 0 });
    expect(shown.heldAtMostNanoUsd).toBeGreaterThan(0.95 * capNanoUsd);
    expect(shown.spentNanoUsd).toBeGreaterThan(0.95 * capNanoUsd);
    expect(shown.underWayAtMost).toBeLessThan(streams);
  });

  it('lets 16 of them through at a time as an assistant has it', async () => {
    const { concurrentMax } = aiLimits;
    const shown = await overshoot({ chargeOf: toTheBound, concurrentMax, maxTokens: longAnswer });
    print('16 at a time', shown);
    expect(shown).toMatchObject({ overshootNanoUsd: 0, underWayAtMost: concurrentMax });
    expect(shown.busy).toBeGreaterThan(0);
  });

  it('is passed by no more than what those under way cost above their bounds, when a provider charges more', async () => {
    const shown = await overshoot({ chargeOf: tenTimes, concurrentMax: streams, maxTokens: shortAnswer });
    print('ten times the bound', shown);
    expect(shown.underWayAtMost).toBe(streams);
    expect(shown.overshootNanoUsd).toBeGreaterThan(0);
    expect(shown.overshootNanoUsd).toBeLessThanOrEqual(shown.boundNanoUsd);
  });
});

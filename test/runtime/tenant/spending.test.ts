// What a tenant may spend, in workerd: a changed budget holds for the next request without waking anything, and a pause of
// the fuse is kept, told and ended. No model is called: what the budgets let through ends at an upstream that is not there.

import { beforeAll, describe, expect, it } from 'vitest';
import { noBudgets } from '../../../apps/control-plane/src/contract/budgets.ts';
import type { SpendBudgets } from '../../../apps/control-plane/src/contract/budgets.ts';
import { egressHeaders } from '../../../apps/tenant-worker/src/objects/egress.ts';
import { bindings, change, control, inside, provisioned, recordOf, refOf } from './support/provisioned.ts';

const ref = refOf('5', 'spending-7f3k');
let generation = 1;

async function want(budgets: Partial<SpendBudgets>): Promise<void> {
  const { spec } = await inside(ref, recordOf);
  generation += 1;
  const wanted = { ...spec, aiCapNanoUsdPerMonth: 5_000_000_000, budgets: { ...noBudgets, shared: null, ...budgets } };
  const answer = await control.applySpec({ ...ref, generation, operationId: null, spec: wanted });
  if (!answer.ok) throw new Error(answer.error.code);
}

/** One turn of the assistant, as Egress brings it: the code of what came of it. */
async function turn(): Promise<string | null> {
  const report = await control.report(ref);
  if (!report.ok) throw new Error(report.error.code);
  const answer = await bindings.TENANT.getByName(ref.slug).fetch('http://ai.tidepool.internal/anthropic/v1/messages', {
    method: 'POST',
    headers: { [egressHeaders.incarnation]: String(report.value.incarnation) },
    body: JSON.stringify({
      model: 'claude-sonnet-4-6',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [{ name: 'exec', input_schema: { type: 'object' } }],
    }),
  });
  await answer.text();
  return answer.headers.get('x-tidepool-code');
}

const stateOf = async (): Promise<string> => {
  const report = await control.report(ref);
  return report.ok ? report.value.state : report.error.code;
};

beforeAll(async () => {
  await provisioned(ref);
  // It stays where it is: nothing that follows starts a container.
  await change(ref, () => ({ state: { kind: 'asleep', incarnation: 3, sinceMs: 1 } }));
});

describe('budgets in the spec', () => {
  it('refuse and let through from the next request on, with the assistant asleep all the while', async () => {
    await want({ dayNanoUsd: 1 });
    expect(await turn()).toBe('ai_day_budget_reached');
    await want({ models: [{ model: 'anthropic/claude-sonnet-4-6', monthNanoUsd: 1 }] });
    expect(await turn()).toBe('ai_model_budget_reached');
    await want({});
    expect(await turn()).toBe('ai_upstream_unreachable');
    expect(await stateOf()).toBe('asleep');
  });

  it('are shown with what counts against them, and told once when they are reached', async () => {
    await want({ dayNanoUsd: 1 });
    await turn();
    await turn();
    const view = await control.spending(ref);
    expect(view).toMatchObject({
      ok: true,
      value: {
        budgets: [
          { name: { kind: 'month' }, capNanoUsd: 5_000_000_000, spentNanoUsd: 0, heldNanoUsd: 0 },
          { name: { kind: 'day' }, capNanoUsd: 1 },
        ],
        fuse: { on: true, pause: null, tripsAboveNanoUsd: null },
      },
    });
    const told = await inside(ref, (sql) => sql.exec("SELECT key FROM outbox WHERE key LIKE 'spend:day:%'"));
    expect(told).toHaveLength(1);
  });
});

describe('a pause', () => {
  it('stops model requests, is in the report, and ends when somebody says so', async () => {
    await want({});
    const pause = { why: 'repeated', id: 'p1', atMs: 1, times: 21, withinMs: 600_000 };
    await inside(ref, (sql) => sql.exec('UPDATE spend_fuse SET pause = ?', JSON.stringify(pause)));
    expect(await turn()).toBe('ai_spend_paused');
    expect(await control.report(ref)).toMatchObject({ ok: true, value: { spendPause: pause } });
    const other = await control.resumeSpending({ ...ref, pauseId: 'p0', byUserId: 'usr_1' });
    expect(other).toMatchObject({ ok: true, value: { fuse: { pause } } });
    const before = await control.report(ref);
    const resumed = await control.resumeSpending({ ...ref, pauseId: 'p1', byUserId: 'usr_1' });
    expect(resumed).toMatchObject({ ok: true, value: { fuse: { pause: null } } });
    const after = await control.report(ref);
    expect(after).toMatchObject({ ok: true, value: { spendPause: null } });
    if (before.ok && after.ok) expect(after.value.version).toBeGreaterThan(before.value.version);
    expect(await turn()).toBe('ai_upstream_unreachable');
    expect(await stateOf()).toBe('asleep');
  });
});

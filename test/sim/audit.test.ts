/** OpenClaw's own security audit on its way from a running gateway to the control plane. */
import { afterEach, expect, it } from 'vitest';
import { minuteMs, Scenario } from './scenario.ts';

let scenario: Scenario;
afterEach(() => {
  expect(scenario.world.checks.violations).toEqual([]);
  scenario.world.close();
});

const audit = {
  release: '2026.9.6',
  atMs: 5,
  criticals: [{ checkId: 'gateway.bind_no_auth', title: 'Open to everybody', detail: 'Set gateway.auth.' }],
  warnings: 1,
};

it('is in the record of an awake assistant, told once, and stays through a sleep', async () => {
  scenario = new Scenario();
  const s = scenario;
  await s.awake();
  const record = () => s.world.checks.record();
  expect(record()?.audit).toBeNull();
  s.container.audit = audit;
  await s.pass(minuteMs);
  expect(record()?.audit).toEqual(audit);
  const told = record()?.version;
  await s.pass(minuteMs);
  expect(record()?.version).toBe(told);
  await s.pass(20 * minuteMs);
  expect(s.state.kind).toBe('asleep');
  expect(record()?.audit).toEqual(audit);
});

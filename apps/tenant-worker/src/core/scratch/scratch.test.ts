/** The plan of a scratch run as a table, what it must never do, how a run is judged, and when a drill is due. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeeperPhase, Observed } from '../lifecycle/state.ts';
import { keeperPhases } from '../lifecycle/state.ts';
import { drillDueAtMs } from './drill.ts';
import type { DrillFacts } from './drill.ts';
import { judge } from './judge.ts';
import { drillAfterFailureMs, drillEveryMs, drillJitterMs, scratchDeadlineMs } from './limits.ts';
import { decideScratch } from './plan.ts';
import type { ScratchDecision } from './plan.ts';
import type { ScratchRun } from './run.ts';
import { standInAnswer, trialTurn } from './stand-in.ts';

const fresh: ScratchRun = {
  n: 1,
  purpose: 'drill',
  snapshotId: 's1',
  release: '2026.9.6',
  operationId: null,
  begunAtMs: 1_000_000,
  starts: 0,
  restores: 0,
  restoredFiles: null,
  gatewayStarts: 0,
  checks: 0,
  outcome: null,
  destroyTries: 0,
  destroyTriedAtMs: null,
};
const nowMs = fresh.begunAtMs + 5_000;
const up = (phase: KeeperPhase, rest: Partial<Extract<Observed, { kind: 'up' }>> = {}): Observed => ({
  kind: 'up',
  claimed: true,
  phase,
  hasState: false,
  failure: null,
  ...rest,
});
const decide = (run: Partial<ScratchRun>, observed: Observed, atMs = nowMs, abandoned: string | null = null) =>
  decideScratch({ run: { ...fresh, ...run }, observed, abandoned, nowMs: atMs });
const said = (decision: ScratchDecision): string =>
  decision.kind === 'action'
    ? decision.action
    : decision.kind === 'conclude'
      ? decision.outcome.ok
        ? 'proven'
        : decision.outcome.code
      : 'wait';

describe('the plan', () => {
  const started = { starts: 1 };
  const restored = { starts: 1, restores: 1, restoredFiles: 9 };
  const asked = { ...restored, gatewayStarts: 1 };
  it.each([
    ['nothing yet', {}, { kind: 'stopped' }, 'start'],
    ['the start may not have arrived', started, { kind: 'stopped' }, 'start'],
    ['it ended twice', { starts: 2 }, { kind: 'stopped' }, 'container_exit'],
    ['it ended after the restore', restored, { kind: 'stopped' }, 'container_exit'],
    ['booting', started, { kind: 'booting' }, 'wait'],
    ['silent', started, { kind: 'silent' }, 'wait'],
    ['up', started, up('idle', { claimed: false }), 'claim'],
    ['claimed', started, up('idle'), 'restore'],
    ['restoring', { ...started, restores: 1 }, up('restoring'), 'wait'],
    ['the answer of the restore was lost', { ...started, restores: 1 }, up('idle', { hasState: true }), 'restore'],
    ['restored', restored, up('idle', { hasState: true }), 'start_gateway'],
    ['starting', asked, up('starting', { hasState: true }), 'wait'],
    ['ready', asked, up('ready', { hasState: true }), 'check'],
    ['the answer of the check was lost', { ...asked, checks: 1 }, up('ready', { hasState: true }), 'check'],
    ['it cannot be checked', { ...asked, checks: 2 }, up('ready', { hasState: true }), 'check_failed'],
    ['refused', asked, up('failed', { hasState: true, failure: 'config_invalid' }), 'config_invalid'],
    ['newer', asked, up('failed', { hasState: true, failure: 'schema_newer' }), 'schema_newer'],
    ['the keeper restarted', asked, up('idle', { hasState: true }), 'start_gateway'],
    ['again', { ...asked, gatewayStarts: 2 }, up('idle', { hasState: true }), 'gateway_exit'],
    ['no room', { ...started, restores: 2 }, up('failed', { failure: 'disk_full' }), 'disk_full'],
  ] as const)('%s', (_name, run, observed, expected) => {
    expect(said(decide(run, observed))).toBe(expected);
  });

  it('gives up a container whose keeper does not come up, and later one that came up again', () => {
    expect(said(decide(started, { kind: 'booting' }, fresh.begunAtMs + 61_000))).toBe('container_stuck');
    expect(said(decide(restored, { kind: 'booting' }, fresh.begunAtMs + 61_000))).toBe('wait');
  });

  const anyObserved: fc.Arbitrary<Observed> = fc.oneof(
    fc.constantFrom<Observed>({ kind: 'silent' }, { kind: 'stopped' }, { kind: 'booting' }),
    fc.record({
      kind: fc.constant('up' as const),
      claimed: fc.boolean(),
      phase: fc.constantFrom(...keeperPhases),
      hasState: fc.boolean(),
      failure: fc.constantFrom(null, 'gateway_exit' as const, 'disk_full' as const),
    }),
  );
  const count = fc.nat(3);
  const anyRun = fc
    .record({ starts: count, restores: count, gatewayStarts: count, checks: count, destroyTries: count })
    .chain((counts) => fc.constantFrom({ ...counts, restoredFiles: null }, { ...counts, restoredFiles: 4 }));

  it('has an outcome when its time is over or nobody needs it, whatever is seen', () => {
    fc.assert(
      fc.property(anyRun, anyObserved, fc.integer({ min: -1, max: 10 }), (run, observed, lateMs) => {
        const atMs = lateMs < 0 ? fresh.begunAtMs - 1 : fresh.begunAtMs + scratchDeadlineMs + lateMs;
        expect(said(decide(run, observed, atMs))).toBe('scratch_timeout');
        expect(said(decide(run, observed, nowMs, 'deleted'))).toBe('abandoned');
      }),
    );
  });

  it('does nothing but destroy once it has an outcome, and waits longer after each that failed', () => {
    const outcome = { ok: false, code: 'abandoned', detail: '' } as const;
    fc.assert(
      fc.property(anyRun, anyObserved, fc.nat(400_000), (run, observed, sinceMs) => {
        const decision = decide({ ...run, outcome, destroyTriedAtMs: nowMs }, observed, nowMs + sinceMs);
        expect(['destroy', 'wait']).toContain(said(decision));
        if (sinceMs >= 300_000) expect(said(decision)).toBe('destroy');
      }),
    );
  });

  it('never starts a gateway before the snapshot is there, and ends by itself however a container behaves', () => {
    fc.assert(
      fc.property(fc.array(anyObserved, { minLength: 40, maxLength: 40 }), (looks) => {
        let run: ScratchRun = fresh;
        for (const observed of looks) {
          const decision = decide(run, observed);
          if (decision.kind === 'conclude') return;
          if (decision.kind === 'wait') continue;
          const { action } = decision;
          if (action === 'start_gateway') expect(run.restoredFiles).not.toBeNull();
          if (action === 'start') run = { ...run, starts: run.starts + 1 };
          if (action === 'restore') run = { ...run, restores: run.restores + 1, restoredFiles: 4 };
          if (action === 'start_gateway') run = { ...run, gatewayStarts: run.gatewayStarts + 1 };
          if (action === 'check') run = { ...run, checks: run.checks + 1 };
          for (const tries of [run.starts, run.restores, run.gatewayStarts, run.checks])
            expect(tries).toBeLessThanOrEqual(2);
        }
      }),
    );
  });
});

describe('the judgement', () => {
  const expected = { files: 9, sessions: 3, cronJobs: 1, audited: null };
  const found = { healthy: true, sessions: 3, cronJobs: 1, answered: null, audit: null, problem: null };
  it.each([
    ['all there', 9, found, 'proven'],
    ['a gateway adds its own', 9, { ...found, sessions: 4, cronJobs: 2 }, 'proven'],
    ['a file too few', 8, found, 'counts_differ'],
    ['a conversation too few', 9, { ...found, sessions: 2 }, 'counts_differ'],
    ['jobs not told', 9, { ...found, cronJobs: null }, 'counts_differ'],
    ['not well', 9, { ...found, healthy: false }, 'check_failed'],
    ['no answer', 9, { ...found, answered: false }, 'no_answer'],
  ] as const)('%s', (_name, files, seen, verdict) => {
    const outcome = judge(expected, files, seen);
    expect(outcome.ok ? 'proven' : outcome.code).toBe(verdict);
  });

  it('compares only what the snapshot tells', () => {
    const outcome = judge({ files: 9, sessions: null, cronJobs: null, audited: null }, 9, { ...found, sessions: null });
    expect(outcome).toEqual({ ok: true, counts: { files: 9, sessions: null, cronJobs: 1 } });
  });

  it('stops a release for what OpenClaw’s audit finds critical in it and not in the present one, in its words', () => {
    const finding = { checkId: 'gateway.bind_no_auth', title: 'Open to everybody', detail: 'Set gateway.auth.' };
    const audit = { release: '2026.10.1', atMs: 2, criticals: [finding], warnings: 3 };
    const tried = { ...expected, audited: { known: null } };
    expect(judge(tried, 9, { ...found, audit })).toEqual({
      ok: false,
      code: 'audit_critical',
      detail: 'OpenClaw’s own security audit: gateway.bind_no_auth: Open to everybody. Set gateway.auth.',
    });
    expect(judge({ ...expected, audited: { known: audit } }, 9, { ...found, audit }).ok).toBe(true);
    expect(judge(tried, 9, { ...found, audit: { ...audit, criticals: [] } }).ok).toBe(true);
    expect(judge(tried, 9, found)).toMatchObject({ ok: false, code: 'check_failed' });
  });
});

describe('when a drill is due', () => {
  const facts: DrillFacts = {
    tenantId: 'ten_1',
    active: true,
    createdAtMs: 1_000,
    newestSnapshotId: 's2',
    provenSnapshotId: 's1',
    lastDrill: { atMs: 5_000, failed: false },
  };
  const at = 10_000;

  it('a week after the last, and within a day of that; sooner after a failure', () => {
    const due = drillDueAtMs(facts, at) ?? 0;
    expect(due).toBeGreaterThanOrEqual(5_000 + drillEveryMs);
    expect(due).toBeLessThan(5_000 + drillEveryMs + drillJitterMs);
    const again = drillDueAtMs({ ...facts, lastDrill: { atMs: 5_000, failed: true } }, at) ?? 0;
    expect(due - again).toBe(drillEveryMs - drillAfterFailureMs);
    expect(drillDueAtMs({ ...facts, lastDrill: null }, at)).toBe(due - 4_000);
  });

  it('never without something new to prove, nor of a tenant that is not active', () => {
    expect(drillDueAtMs({ ...facts, newestSnapshotId: null }, at)).toBeNull();
    expect(drillDueAtMs({ ...facts, provenSnapshotId: 's2' }, at)).toBeNull();
    expect(drillDueAtMs({ ...facts, active: false }, at)).toBeNull();
  });

  it('now, when the clock was set back behind the last one', () => {
    expect(drillDueAtMs({ ...facts, lastDrill: { atMs: at + 9e9, failed: false } }, at)).toBe(0);
  });
});

describe('the stand-in model', () => {
  it.each([
    '/anthropic/v1/messages',
    '/openai/v1/responses',
    '/openai/v1/chat/completions',
    '/openrouter/v1/chat/completions',
    '/workers-ai/v1/chat/completions',
    '/google/v1beta/models/gemini-2.5-flash:streamGenerateContent',
  ])('%s', (path) => {
    const streamed = standInAnswer(path, { model: 'm', stream: true });
    expect(streamed).toMatchObject({ status: 200, contentType: 'text/event-stream' });
    expect(streamed.body).toContain(trialTurn.answer);
    for (const line of streamed.body.split('\n').filter((text) => text.startsWith('data: {')))
      expect(JSON.parse(line.slice(6))).toBeTypeOf('object');
    const whole = standInAnswer(path.replace('streamGenerate', 'generate'), { model: 'm' });
    expect(JSON.stringify(JSON.parse(whole.body))).toContain(trialTurn.answer);
  });

  it('has nothing else, and takes any body', () => {
    expect(standInAnswer('/openai/v1/embeddings', {}).status).toBe(404);
    expect(standInAnswer('/anthropic/v1/messages', 'nonsense').status).toBe(200);
  });
});

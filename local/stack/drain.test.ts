import { expect, test } from 'vitest';
import { TenantId } from '../../apps/control-plane/src/contract/ids.ts';
import type { TenantReport, TenantStateKind } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { drainAll, type DrainParts } from './drain.ts';

const tenantId = TenantId.parse('ten_01jz0000000000000000000000');
const ref = (slug: string) => ({ tenantId, slug });

function report(slug: string, state: TenantStateKind): TenantReport {
  return {
    tenantId,
    slug,
    version: 1,
    generation: 1,
    state,
    stateSinceMs: 0,
    reason: null,
    incarnation: 1,
    release: 'r',
    lastActivityAtMs: null,
    lastSnapshot: null,
    storedBytes: 0,
    lastProvenRestore: null,
    drillFailure: null,
    upgrade: null,
    upgradeFailure: null,
    audit: null,
    rollback: null,
    operation: null,
    usage: {
      period: '2026-11',
      version: 1,
      spentNanoUsd: 0,
      heldNanoUsd: 0,
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      awakeMs: 0,
      awakeMsBySize: {},
      browserMs: 0,
    },
    aiCapNanoUsdPerMonth: 0,
    spendPause: null,
    awakeBecause: null,
    nextRunAtMs: null,
  };
}

/** A cell whose tenants go through the given states, one per look; the last one stays. */
function cellOf(paths: Record<string, TenantStateKind[]>): { parts: DrainParts; slept: string[] } {
  const slept: string[] = [];
  let nowMs = 0;
  const parts: DrainParts = {
    tenants: Object.keys(paths).map(ref),
    cell: {
      report: ({ slug }) => {
        const states = paths[slug] ?? [];
        const state = states.length > 1 ? states.shift() : states[0];
        if (state === undefined) return Promise.reject(new Error('unreachable object'));
        return Promise.resolve({ ok: true, value: report(slug, state) });
      },
      command: ({ slug, kind }) => {
        slept.push(`${kind} ${slug}`);
        return Promise.resolve({ ok: true, value: report(slug, 'draining') });
      },
    },
    timers: {
      nowMs: () => nowMs,
      sleep: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
    },
  };
  return { parts, slept };
}

test('awake ones are told once to sleep and waited for; sleeping ones are left alone', async () => {
  const { parts, slept } = cellOf({
    acme: ['awake', 'awake', 'draining', 'asleep'],
    rest: ['asleep'],
    bad: ['needs_operator'],
  });
  expect(await drainAll(parts)).toEqual({ asleep: 1, unsaved: [] });
  expect(slept).toEqual(['sleep acme']);
});

test('one that is still starting is waited for and then told', async () => {
  const { parts, slept } = cellOf({ acme: ['waking', 'waking', 'awake', 'draining', 'asleep'] });
  expect(await drainAll(parts)).toEqual({ asleep: 1, unsaved: [] });
  expect(slept).toEqual(['sleep acme']);
});

test('one that does not get there in time, or does not answer, is named', async () => {
  const { parts } = cellOf({ stuck: ['draining'], broken: [], fine: ['awake', 'asleep'] });
  expect(await drainAll(parts)).toEqual({ asleep: 1, unsaved: ['stuck', 'broken'] });
});

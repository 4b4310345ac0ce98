// The limits that are written down are the limits that hold: docs/limits.md and both wrangler.toml against the code.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RateRule } from '../apps/control-plane/src/contract/rate-limit.ts';
import { commandDeadlineMs, reportDeadlineMs } from '../apps/control-plane/src/adapters/cell.ts';
import { modelBudgetsMax } from '../apps/control-plane/src/contract/budgets.ts';
import { importPartBytes } from '../apps/control-plane/src/contract/imports.ts';
import { bodyMaxBytes as jsonMaxBytes } from '../apps/control-plane/src/http/body.ts';
import {
  bodyDeadlineMs,
  changeDeadlineMs,
  readDeadlineMs,
  uploadDeadlineMs,
} from '../apps/control-plane/src/http/deadline.ts';
import { membersOfSpecMax } from '../apps/control-plane/src/adapters/d1/tenants.ts';
import { editions } from '../apps/control-plane/src/core/billing/plans.ts';
import { quotas } from '../apps/control-plane/src/core/quotas.ts';
import { rateRules as apiRules, signInRates } from '../apps/control-plane/src/core/rate-policy.ts';
import { aiLimits } from '../apps/tenant-worker/src/ai/dispatch.ts';
import * as fuse from '../apps/tenant-worker/src/core/metering/spend-guard.ts';
import { bodyMaxBytes } from '../apps/tenant-worker/src/core/edge/admission.ts';
import * as edge from '../apps/tenant-worker/src/core/edge/limits.ts';
import { urlMaxLength } from '../apps/tenant-worker/src/core/edge/path.ts';
import { rateRules } from '../apps/tenant-worker/src/core/edge/rate-policy.ts';
import { answerDeadlineMs, upgradeDeadlineMs } from '../apps/tenant-worker/src/edge/port.ts';
import { liveSessionsMax, pendingCodesPerUserMax } from '../apps/tenant-worker/src/modules/sessions.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const doc = read('docs/limits.md');

/** The cells of a table's row that begins so. */
function rowOf(first: string): readonly string[] {
  const row = doc.split('\n').find((line) => line.startsWith(`| ${first} |`));
  if (row === undefined) throw new Error(`docs/limits.md has no row "${first}"`);
  return row.split('|').map((cell) => cell.trim());
}

const count = (n: number): string => n.toLocaleString('en-US');
const mebibytes = (bytes: number): string => `${bytes / (1024 * 1024)} MiB`;

/** Binding, limit and period of each `[[ratelimits]]` of a wrangler.toml. */
function boundRules(file: string): RateRule[] {
  const block =
    /\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "\d+"\nsimple = \{ limit = (\d+), period = (\d+) \}/g;
  const text = read(file);
  const found = [...text.matchAll(block)].map(([, binding = '', limit, period]) => ({
    binding,
    limit: Number(limit),
    periodSeconds: Number(period) as 10 | 60,
  }));
  expect(found.length).toBe(text.split('[[ratelimits]]').length - 1);
  return found;
}

describe('rates', () => {
  it('of a tenant host are bound as the policy says', () => {
    expect(boundRules('apps/tenant-worker/wrangler.toml')).toEqual(Object.values(rateRules));
  });

  it('of the API are bound as the policy says', () => {
    expect(boundRules('wrangler.toml')).toEqual(Object.values(apiRules));
  });

  it.each(Object.entries(signInRates.customRules))('of signing in at %s are written down', (route, rule) => {
    if (rule !== false) expect(rowOf(`\`${route}\``)[2]).toBe(`${rule.max} in ${rule.window} s`);
  });

  it('have ids of their own in the account', () => {
    const ids = ['wrangler.toml', 'apps/tenant-worker/wrangler.toml'].flatMap((file) =>
      [...read(file).matchAll(/^namespace_id = "(\d+)"/gm)].map(([, id]) => id),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each<RateRule>([...Object.values(rateRules), ...Object.values(apiRules)])(
    '$binding is written down',
    ({ binding, limit, periodSeconds }) => {
      expect(rowOf(`\`${binding}\``)[4]).toBe(`${count(limit)} in ${periodSeconds} s`);
    },
  );
});

it.each([
  ['open sockets of a run', count(edge.socketsMax)],
  ['open sockets of a session', count(edge.socketsPerSessionMax)],
  ['a message', mebibytes(edge.messageMaxBytes)],
  ['messages from a browser at once', count(edge.messagesBurst)],
  ['messages from a browser after that', `${count(edge.messagesPerSecond)} a second`],
  ['bytes from a browser at once', mebibytes(edge.uploadBurstBytes)],
  ['bytes from a browser after that', `${mebibytes(edge.uploadBytesPerSecond)} a second`],
  ['bytes that wait for a reader', mebibytes(edge.bufferedMaxBytes)],
  ['bytes to a browser that sends nothing', mebibytes(edge.unheardMaxBytes)],
  ['a request body', mebibytes(bodyMaxBytes)],
  ["a request's address", `${count(urlMaxLength)} characters`],
  ['until an answer begins', `${answerDeadlineMs / 1_000} s`],
  ['until an upgrade is answered', `${upgradeDeadlineMs / 1_000} s`],
  ['live sessions', count(liveSessionsMax)],
  ['a JSON body', `${jsonMaxBytes / 1024} KiB`],
  ['a part of an upload', mebibytes(importPartBytes)],
  ['until a JSON body has arrived', `${bodyDeadlineMs / 1_000} s`],
  ['until a part of an upload has arrived', `${uploadDeadlineMs / 1_000} s`],
  ['until a read is answered', `${readDeadlineMs / 1_000} s`],
  ['until a change, a download, a sign-in or an opening is answered', `${changeDeadlineMs / 1_000} s`],
  ['a question to the cell, a report', `${reportDeadlineMs / 1_000} s`],
  ['a command to the cell', `${commandDeadlineMs / 1_000} s`],
  [
    'assistants of an organisation',
    Object.values(editions.at(-1)?.plans ?? {})
      .map(({ name, assistantsMax }) => `${name} ${assistantsMax}`)
      .join(', '),
  ],
  ['members of an organisation, waiting invitations included', count(quotas.members)],
  ['model requests of an assistant at a time', count(aiLimits.concurrentMax)],
  ['budgets for single models', count(modelBudgetsMax)],
  ['the same request, answered and charged', `${fuse.repeatsMax} in ${fuse.repeatWindowMs / 60_000} min`],
  ['charged requests that are compared', count(fuse.bodiesKept)],
  ['an hour, against a dear hour of the last 7 days', `${fuse.rateFactor} times`],
  ['an hour that the fuse asks nobody about', `$${(fuse.rateFloorNanoUsd / 1e9).toFixed(2)}`],
  ['hours of use before the fuse knows what is usual', count(fuse.rateHoursMin)],
  ['snapshots by hand', `${count(quotas.perDay.snapshots)} in 24 h`],
  ['uploads begun', `${count(quotas.perDay.imports)} in 24 h`],
  ['downloads of everything', `${count(quotas.perDay.exports)} in 24 h`],
  ['pending sign-in codes of a person', count(pendingCodesPerUserMax)],
])('%s: %s', (row, value) => {
  expect(rowOf(row)[2]).toBe(value);
});

it('an assistant can know all people of an organisation', () => {
  expect(quotas.members).toBeLessThanOrEqual(membersOfSpecMax);
});

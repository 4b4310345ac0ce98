import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tenantStates } from '../../../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantProgress } from '../../../tenant-api.ts';
import { escapeHtml, pagePolicy } from './document.ts';
import { renderNotice } from './notice.ts';
import { duration, pageKind, toStatusView } from './status.ts';
import { renderWaitingPage } from './waiting.ts';

const nowMs = Date.parse('2026-11-21T08:00:00Z');

function progressOf(over: Partial<TenantProgress> = {}): TenantProgress {
  const steps = [
    { name: 'container', startedAtMs: nowMs - 4_200, endedAtMs: nowMs - 3_000, ok: true },
    { name: 'restore', startedAtMs: nowMs - 3_000, endedAtMs: nowMs - 2_500, ok: false },
    { name: 'gateway', startedAtMs: nowMs - 2_500, endedAtMs: null, ok: null },
  ] as const;
  const id = 'op_01arz3ndektsv4rrffq69g5fav' as NonNullable<TenantProgress['operation']>['id'];
  const tenantId = 'ten_01arz3ndektsv4rrffq69g5fav' as NonNullable<TenantProgress['operation']>['tenantId'];
  const operation = {
    id,
    tenantId,
    kind: 'wake' as const,
    startedAtMs: nowMs - 4_200,
    finishedAtMs: null,
    steps: [...steps],
    attempt: 1,
    error: null,
  };
  return { displayName: 'Nora', state: 'waking', reason: null, operation, steps, usualMs: 9_400, ...over };
}

const page = (progress: TenantProgress): string =>
  renderWaitingPage({
    nonce: 'NONCE',
    platformOrigin: 'https://app.tidepool.example',
    view: toStatusView(progress, { ready: false, nowMs }),
  });

const tags = (html: string): string[] => html.match(/<[a-z/!][^\s>]*/gi) ?? [];

describe('the waiting page', () => {
  it('shows each step with its time, and what is usual', () => {
    const html = page(progressOf());
    expect(html).toContain('<title>Nora is waking up</title>');
    expect(html).toMatch(
      /mark done[^]*Start the container[^]*1\.2 s[^]*mark failed[^]*0\.5 s[^]*mark running[^]*Start OpenClaw[^]*2\.5 s/,
    );
    expect(html).toContain('Usually about 9 s');
    expect(html).toContain('aria-live="polite"');
    expect(page(progressOf({ usualMs: null }))).toContain('>Elapsed<');
    expect(page(progressOf({ usualMs: 2_000 }))).toContain('Longer than usual (about 2 s)');
  });

  it.each([...tenantStates])('has words for %s', (state) => {
    const html = page(progressOf({ state }));
    expect(html).toContain('Nora');
    const asksForWake = !/<button id="wake"[^>]* hidden/.test(html);
    expect(asksForWake).toBe(pageKind(state) === 'asleep');
    expect(html.includes('Open the dashboard')).toBe(!['waiting', 'asleep'].includes(pageKind(state)));
  });

  it('takes nothing from outside and runs nothing without the nonce', () => {
    const html = page(progressOf());
    for (const [tag] of html.matchAll(/<(?:script|style)[^>]*>/g)) {
      expect(tag.includes('nonce="NONCE"') || tag.includes('type="application/json"')).toBe(true);
    }
    expect(html).not.toMatch(/\bsrc=|@import|url\(|\sstyle=|\son\w+=/);
    expect(pagePolicy('N', 'https://app.tidepool.example')).toContain("default-src 'none'");
  });

  it('cannot be broken out of by a name', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('</script><b>', '"><img>', "'", '<!--', '&lt;')),
        (displayName) => {
          const html = page(progressOf({ displayName }));
          const plain = page(progressOf({ displayName: 'Nora' }));
          expect(tags(html)).toEqual(tags(plain));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the words', () => {
  it.each([
    [0, '0.0 s'],
    [-5, '0.0 s'],
    [59_940, '59.9 s'],
    [65_000, '1 min 05 s'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('says which attempt it is', () => {
    const { operation, ...rest } = progressOf();
    if (operation === null) throw new Error('the sample has an operation');
    expect(page({ ...rest, operation: { ...operation, attempt: 3 } })).toContain('Attempt 3');
  });
});

describe('renderNotice', () => {
  const notice = {
    nonce: 'N',
    platformOrigin: 'https://app.tidepool.example',
    title: 'T',
    detail: '<d>',
    next: 'n',
    code: 'bad_request',
    requestId: 'r',
  };

  it('escapes what it is given, and links only where told', () => {
    const html = renderNotice({ ...notice, action: { label: 'Sign in again', href: '/a"b' } });
    expect(html).toContain('&lt;d&gt;');
    expect(html).toContain('href="/a&quot;b"');
    expect(renderNotice(notice)).not.toContain('class="button"');
    expect(renderNotice(notice)).not.toContain('location.reload');
    expect(renderNotice({ ...notice, retries: true })).toContain('location.reload');
  });

  it('escapes every character that matters', () => {
    expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;');
  });
});

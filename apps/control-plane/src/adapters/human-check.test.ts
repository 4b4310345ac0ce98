import { expect, it } from 'vitest';
import { AppError } from '../contract/errors.ts';
import { noHumanCheck, turnstile } from './human-check.ts';

interface Asked {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/** A check whose far end answers by `answers`, the last one again and again. */
function checkWith(...answers: readonly (() => Response | Promise<Response>)[]) {
  const asked: Asked[] = [];
  let keys = 0;
  const check = turnstile({
    siteKey: 'site',
    secret: 'turnstile-secret',
    hostname: 'app.tidepool.example',
    fetch: async (url, init) => {
      asked.push({ url, body: JSON.parse(typeof init.body === 'string' ? init.body : '') as Record<string, unknown> });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer === undefined) throw new Error('nothing was expected');
      return answer();
    },
    newKey: () => `key-${++keys}`,
    log: () => undefined,
  });
  return { check, asked };
}

const verdict =
  (over: Record<string, unknown> = {}) =>
  () =>
    Response.json({ success: true, hostname: 'app.tidepool.example', action: 'sign-up', 'error-codes': [], ...over });

async function codeOf(work: Promise<void>): Promise<string> {
  try {
    await work;
    return 'passed';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

it('asks once with secret, token and address', async () => {
  const { check, asked } = checkWith(verdict());
  expect(await codeOf(check.pass('token', '203.0.113.7'))).toBe('passed');
  expect(asked).toEqual([
    {
      url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
      body: { secret: 'turnstile-secret', response: 'token', idempotency_key: 'key-1', remoteip: '203.0.113.7' },
    },
  ]);
});

it.each([
  [
    'a token that was used or is old',
    verdict({ success: false, 'error-codes': ['timeout-or-duplicate'] }),
    'human_check_failed',
  ],
  ['a token of another site', verdict({ hostname: 'evil.example' }), 'human_check_failed'],
  ['a token without a site', verdict({ hostname: undefined }), 'human_check_failed'],
  ['a token of another form', verdict({ action: 'sign-in' }), 'human_check_failed'],
  [
    'our own wrong secret',
    verdict({ success: false, 'error-codes': ['invalid-input-secret'] }),
    'upstream_unavailable',
  ],
  ['an answer that cannot be read', () => new Response('<html>'), 'upstream_unavailable'],
  ['an answer of another shape', () => Response.json({ ok: true }), 'upstream_unavailable'],
  ['no answer', () => Promise.reject(new Error('refused')), 'upstream_unavailable'],
])('%s is refused', async (_what, answer, code) => {
  expect(await codeOf(checkWith(answer).check.pass('token', null))).toBe(code);
});

it('no token is refused without asking', async () => {
  const { check, asked } = checkWith();
  expect([await codeOf(check.pass(null, null)), await codeOf(check.pass('', null))]).toEqual([
    'human_check_failed',
    'human_check_failed',
  ]);
  expect(asked).toEqual([]);
});

it('asks again under the same key when the first answer was lost', async () => {
  const { check, asked } = checkWith(() => Promise.reject(new Error('lost')), verdict());
  expect(await codeOf(check.pass('token', null))).toBe('passed');
  expect(asked.map(({ body }) => body['idempotency_key'])).toEqual(['key-1', 'key-1']);
});

it('is nothing where there are no keys', async () => {
  expect(noHumanCheck.siteKey).toBeNull();
  expect(await codeOf(noHumanCheck.pass(null, null))).toBe('passed');
});

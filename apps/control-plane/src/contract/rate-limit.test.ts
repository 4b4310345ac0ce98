import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateRule } from './rate-limit.ts';
import { clientKeyOf, RateLimits } from './rate-limit.ts';

describe('clientKeyOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    [null, 'unknown'],
    ['', 'unknown'],
    ['203.0.113.256', 'unknown'],
    ['203.0.113.7, 198.51.100.1', 'unknown'],
    ['1:2:3:4:5:6:7:8:9', 'unknown'],
    ['1::2::3', 'unknown'],
    ['1:2:3:4:5:6:7:8::', 'unknown'],
    ['12345::', 'unknown'],
    ['localhost', 'unknown'],
  ])('%s is %s', (address, key) => {
    expect(clientKeyOf(address)).toBe(key);
  });

  it('is the same for every address of a /64, in every spelling', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 8, maxLength: 8 }),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        (a, b) => {
          fc.pre(a.slice(0, 4).some((part) => part !== 0));
          const other = [...a.slice(0, 4), ...b]
            .map((part) => part.toString(16).padStart(4, '0').toUpperCase())
            .join(':');
          expect(clientKeyOf(other)).toBe(clientKeyOf(a.map((part) => part.toString(16)).join(':')));
        },
      ),
    );
  });
});

const perClient: RateRule = { binding: 'CLIENT', limit: 3, periodSeconds: 60 };
const perHost: RateRule = { binding: 'HOST', limit: 5, periodSeconds: 10 };

function limitsUnder({ away = false } = {}) {
  const counts = new Map<string, number>();
  const clock = { ms: 0 };
  const failures: unknown[] = [];
  const limits = new RateLimits({
    counter: {
      count: async (rule, key) => {
        if (away) throw new Error('away');
        const name = `${rule.binding} ${key}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return (counts.get(name) ?? 0) <= rule.limit;
      },
    },
    nowMs: () => clock.ms,
    failed: (error) => failures.push(error),
  });
  const ask = (client: string): Promise<number | null> =>
    limits.over([
      { rule: perClient, key: client },
      { rule: perHost, key: 'nora' },
    ]);
  return { ask, counts, clock, failures };
}

describe('RateLimits', () => {
  it('says how long to wait once a client is over, and does not count it against the host', async () => {
    const { ask, counts } = limitsUnder();
    for (let n = 0; n < 3; n++) expect(await ask('a')).toBeNull();
    expect(await ask('a')).toBe(60);
    expect(counts.get('HOST nora')).toBe(3);
    expect(await ask('b')).toBeNull();
    expect(await ask('b')).toBeNull();
    expect(await ask('c')).toBe(10);
  });

  it('refuses a client that is over from memory, and counts it again after a few seconds', async () => {
    const { ask, counts, clock } = limitsUnder();
    for (let n = 0; n < 1_000; n++) await ask('a');
    expect(counts.get('CLIENT a')).toBe(4);
    clock.ms = 5_000;
    await ask('a');
    expect(counts.get('CLIENT a')).toBe(5);
  });

  it('shuts nobody out when the counter is away', async () => {
    const { ask, failures } = limitsUnder({ away: true });
    for (let n = 0; n < 10; n++) expect(await ask('a')).toBeNull();
    expect(failures.length).toBe(20);
  });

  it('remembers so many keys, whoever asks', async () => {
    const limits = new RateLimits({
      counter: { count: async () => false },
      nowMs: () => 0,
      failed: () => undefined,
    });
    for (let n = 0; n < 20_000; n++) await limits.over([{ rule: perClient, key: String(n) }]);
    expect(limits.remembered).toBe(10_000);
  });
});

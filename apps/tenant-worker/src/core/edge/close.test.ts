import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceedsUtf8, relayClose, truncateUtf8 } from './close.ts';

describe('relayClose', () => {
  it.each([
    ['client', 1000, 'bye', 1000],
    ['client', 1005, '', 1000],
    ['client', 1006, '', 1001],
    ['container', 1006, '', 1012],
    ['container', 1012, 'restart', 1012],
    ['container', 4008, 'x', 4008],
    ['container', 1015, '', 1011],
    ['container', 1004, '', 1011],
    ['container', 0, '', 1011],
    ['container', 2999, '', 1011],
    ['container', 5000, '', 1011],
    ['client', 1000.5, '', 1011],
  ] as const)('%s closing with %d %j sends %d', (from, code, reason, sent) => {
    expect(relayClose(from, code, reason).code).toBe(sent);
  });

  it('always makes a frame that may be sent', () => {
    const side = fc.constantFrom('client' as const, 'container' as const);
    const code = fc.oneof(fc.integer({ min: -10, max: 5_100 }), fc.integer());
    fc.assert(
      fc.property(side, code, fc.string({ unit: 'binary', maxLength: 200 }), (from, code, reason) => {
        const frame = relayClose(from, code, reason);
        const sendable =
          (frame.code >= 1000 && frame.code <= 1014 && ![1004, 1005, 1006].includes(frame.code)) ||
          (frame.code >= 3000 && frame.code <= 4999);
        return sendable && frame.reason.isWellFormed() && new TextEncoder().encode(frame.reason).length <= 123;
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('truncateUtf8', () => {
  it('cuts between code points', () => {
    expect(truncateUtf8('aé🙂', 3)).toBe('aé');
    expect(truncateUtf8('aé🙂', 7)).toBe('aé🙂');
    expect(truncateUtf8('🙂🙂', 7)).toBe('🙂');
    expect(truncateUtf8('a\ud800b', 10)).toBe('a\ufffdb');
  });
});

describe('exceedsUtf8', () => {
  it('agrees with an encoder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 0, max: 200 }), (text, max) => {
        expect(exceedsUtf8(text, max)).toBe(new TextEncoder().encode(text).length > max);
      }),
      { numRuns: 5_000 },
    );
  });
});

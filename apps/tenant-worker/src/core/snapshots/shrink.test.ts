/** Which shrinking is suspicious, and how it stops being so. */
import { describe, expect, it } from 'vitest';
import { confirmAfterMs, mustWaitAside, shrank, type SetAside, type Size } from './shrink.ts';

const big: Size = { files: 100, bytes: 10_000_000, sessions: 10 };
const small: SetAside = { files: 10, bytes: 9_000_000, sessions: 10, incarnation: 3, begunAtMs: 1_000_000 };

describe('a state shrank', () => {
  it.each<[string, Partial<Size>, boolean]>([
    ['half of the files', { files: 50 }, false],
    ['less than half of the files', { files: 49 }, true],
    ['a fifth of the bytes', { bytes: 2_000_000 }, false],
    ['less than a fifth of the bytes', { bytes: 1_999_999 }, true],
    ['half of the conversations', { sessions: 5 }, false],
    ['less than half of the conversations', { sessions: 4 }, true],
    ['more of everything', { files: 500, bytes: 50_000_000, sessions: 50 }, false],
    ['nothing that was counted', { bytes: null, sessions: null }, false],
  ])('with %s: %s', (_, left, expected) => {
    expect(shrank(big, { ...big, ...left })).toBe(expected);
  });

  it('never when there was little', () => {
    expect(shrank({ files: 19, bytes: 4_000_000, sessions: 3 }, { files: 0, bytes: 0, sessions: 0 })).toBe(false);
  });
});

describe('a snapshot that shrank waits aside', () => {
  const later = { ...small, begunAtMs: small.begunAtMs + confirmAfterMs };

  it('unless it is the first of all, or did not shrink', () => {
    expect(mustWaitAside(null, small, [])).toBe(false);
    expect(mustWaitAside(big, { ...small, ...big }, [])).toBe(false);
    expect(mustWaitAside(big, small, [])).toBe(true);
  });

  it('until the same run shows about the same again, a while later', () => {
    expect(mustWaitAside(big, later, [small])).toBe(false);
    expect(mustWaitAside(big, { ...later, files: 11 }, [small])).toBe(false);
    expect(mustWaitAside(big, { ...later, begunAtMs: later.begunAtMs - 1 }, [small])).toBe(true);
    expect(mustWaitAside(big, { ...later, incarnation: 4 }, [small])).toBe(true);
    expect(mustWaitAside(big, { ...later, files: 20 }, [small])).toBe(true);
  });

  it('and not for ever when the clock is set back', () => {
    expect(mustWaitAside(big, { ...small, begunAtMs: small.begunAtMs - 3_600_000 }, [small])).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { witnessText } from './witness-words.ts';

const en = { locale: 'en-US' };
const agreed = { day: '2026-11-01', requests: 300, found: [] };
const doubled = { day: '2026-11-02', requests: 18, found: [{ kind: 'duplicate' as const, count: 1 }] };

describe('what the nightly comparison says', () => {
  it('is nothing before the first one', () => {
    expect(witnessText({ days: [] }, en)).toBeNull();
  });

  it.each([
    [[agreed], 'On the last compared day both say the same.'],
    [[agreed, { ...agreed, day: '2026-10-31' }], 'On the last 2 compared days both say the same.'],
  ])('is in a word that both agree', (days, text) => {
    expect(witnessText({ days }, en)).toBe(text);
  });

  it('names the newest day that differs, and everything that differs on it', () => {
    expect(witnessText({ days: [agreed, doubled] }, en)).toBe(
      '1 of the last 2 compared days differs; on November 2: 1 served twice. We look into it; your receipts stand meanwhile.',
    );
    const older = { ...doubled, day: '2026-10-30' };
    const both = { ...doubled, found: [...doubled.found, { kind: 'theirs_only' as const, count: 1_200 }] };
    expect(witnessText({ days: [both, agreed, older] }, en)).toMatch(
      /^2 of the last 3 compared days differ; on November 2: 1 served twice, 1,200 served and not charged to you\./,
    );
  });
});

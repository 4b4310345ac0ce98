import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finder, hasUsageObject, namesUsage } from './byte-search.ts';

const encoder = new TextEncoder();

describe('a word in bytes', () => {
  it.each(['"usage"', 'message_stop', 'aab', 'aaa', 'x'])('%s is found where a text search finds it', (word) => {
    const find = finder(word);
    // Of few letters, so that parts of the word and the word itself come often.
    const text = fc
      .array(fc.constantFrom(word, ...new Set(word), 'ü', ' '), { maxLength: 30 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(5), fc.nat(5), (said, before, after) => {
        const bytes = encoder.encode('#'.repeat(before) + said + word.slice(0, after));
        const expected = Buffer.from(encoder.encode(said)).indexOf(word);
        expect(find(bytes, before, bytes.length - Math.min(after, word.length))).toBe(
          expected < 0 ? -1 : before + expected,
        );
      }),
    );
  });

  it('is not found beyond the end that was given', () => {
    const bytes = encoder.encode('{"usage":{}}');
    expect([namesUsage(bytes, 0, 8), namesUsage(bytes, 0, 7), namesUsage(bytes, 2, 12)]).toEqual([true, false, false]);
    expect([hasUsageObject(bytes, 0, 10), hasUsageObject(bytes, 0, 9)]).toEqual([true, false]);
  });
});

describe('a usage that is an object', () => {
  it('is seen in every JSON that has one, however it is written', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (json, indent, first) => {
        const other: unknown = JSON.parse(json);
        const chunk = first ? { usage: { n: 1 }, other } : { other, usage: { n: 1 } };
        const bytes = encoder.encode(JSON.stringify(chunk, null, indent));
        expect(hasUsageObject(bytes, 0, bytes.length)).toBe(true);
      }),
    );
  });

  it.each([
    ['{"usage":null,"x":{}}', false],
    ['{"text":"\\"usage\\":{}"}', false],
    ['{"usage" : \r\n\t{}}', true],
    ['{"a":{"usage":null},"usage":{}}', true],
    ['{"usage"', false],
  ])('in %s: %j', (text, expected) => {
    const bytes = encoder.encode(text);
    expect(hasUsageObject(bytes, 0, bytes.length)).toBe(expected);
  });
});

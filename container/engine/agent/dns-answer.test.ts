import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerQuery } from './dns-answer.ts';

function query(name: string, type = 1, klass = 1): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, klass]);
}
const addressOf = (name: string): string | undefined => (name === 'api.example.com' ? '11.0.1.2' : undefined);

describe('answerQuery', () => {
  it('answers an A question with the name’s address', () => {
    const answer = Buffer.from(answerQuery(query('API.example.com'), addressOf) ?? []);
    expect(answer.readUInt16BE(0)).toBe(0xabcd);
    expect(answer[2]).toBe(0x81);
    expect(answer[3]).toBe(0x80);
    expect(answer.readUInt16BE(6)).toBe(1);
    expect([...answer.subarray(-4)]).toEqual([11, 0, 1, 2]);
  });

  it('answers every other question with nothing, and no error', () => {
    for (const question of [
      query('api.example.com', 28),
      query('api.example.com', 65),
      query('api.example.com', 1, 3),
      query('unknown'),
    ]) {
      const answer = Buffer.from(answerQuery(question, addressOf) ?? []);
      expect(answer.readUInt16BE(6)).toBe(0);
      expect((answer[3] ?? 0) & 0x0f).toBe(0);
    }
  });

  it('ignores what is not one question', () => {
    const response = query('a.b');
    response[2] = 0x81;
    const two = query('a.b');
    two[5] = 2;
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(12),
      response,
      two,
      query('a.b').subarray(0, 18),
      Buffer.alloc(600),
    ]) {
      expect(answerQuery(bytes, addressOf)).toBeUndefined();
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 520 }), (bytes) => {
        answerQuery(bytes, addressOf);
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUsageChunkFilter } from './chat-usage-chunk.ts';

const chunk = (choices: unknown[], usage: unknown): string =>
  `data: ${JSON.stringify({ id: 'c', choices, usage })}\n\n`;
const usage = { prompt_tokens: 1, completion_tokens: 1 };
const spoken = chunk([{ delta: { content: 'Grüße "usage":{} 🌊' } }], null);
const last = chunk([{ delta: {}, finish_reason: 'stop' }], null);
const done = 'data: [DONE]\n\n';

function filtered(text: string, cuts: readonly number[]): string {
  const bytes = new TextEncoder().encode(text);
  const filter = createUsageChunkFilter();
  const out: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts.map((one) => Math.min(one, bytes.length)), bytes.length].toSorted((a, b) => a - b)) {
    out.push(filter.push(bytes.subarray(from, cut)));
    from = cut;
  }
  out.push(filter.finish());
  return Buffer.concat(out).toString('utf8');
}

describe('the usage chunk filter', () => {
  const cutsAnywhere = fc.array(fc.nat(600), { maxLength: 30 });

  it.each([
    ['LF', (text: string) => text],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('takes out the usage chunk and nothing else, split anywhere (%s)', (_name, change) => {
    fc.assert(
      fc.property(cutsAnywhere, (cuts) => {
        const whole = change(spoken + last + chunk([], usage) + done);
        expect(filtered(whole, cuts)).toBe(change(spoken + last + done));
      }),
    );
  });

  it('keeps a usage that comes with choices: there is text in it', () => {
    const text = chunk([{ delta: { content: 'x' } }], usage) + done;
    expect(filtered(text, [])).toBe(text);
  });

  it('passes anything else byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), cutsAnywhere, (parts, cuts) => {
        const text = parts.join('\n\n').toWellFormed();
        expect(filtered(text, cuts)).toBe(text);
      }),
    );
  });

  it('does not hold back an event without an end', () => {
    const filter = createUsageChunkFilter();
    const long = new TextEncoder().encode(`data: ${'x'.repeat(300_000)}`);
    expect(filter.push(long).length).toBe(long.length);
    expect(filter.finish().length).toBe(0);
  });
});

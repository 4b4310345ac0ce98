/**
 * Answers as they once came over the wire, in `recorded/<provider>.<flavor>.<what>.<sse|json>`: the meter, cut at every
 * byte, against the other reader. Those of this folder are the demo model's; an operator adds a real one with
 * `curl -sN … > test/properties/recorded/google.default.hello.sse`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UsageFormat } from '../../apps/tenant-worker/src/core/metering/usage-meter.ts';
import { loadCores } from './load-cores.ts';
import type { Json } from './stream-inputs.ts';
import { countsOf, readByMeter, readByPackage } from './stream-properties.ts';

const folder = path.join(import.meta.dirname, 'recorded');
const cores = await loadCores();

function formatOf(provider: string, flavor: string): UsageFormat {
  if (provider === 'anthropic') return 'anthropic-messages';
  if (provider === 'google') return 'google-gemini';
  return flavor === 'responses' ? 'openai-responses' : 'openai-chat';
}

/** The answer as one body, put together the plain way: the whole text at once, the last word of each field. */
function wholeOf(format: UsageFormat, text: string): Json {
  const events = text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .flatMap((event) => /^data: ?(\{.*)$/m.exec(event)?.[1] ?? [])
    .map((data) => JSON.parse(data) as Record<string, Json>);
  if (format === 'anthropic-messages') {
    const message = events.find((event) => event['message'])?.['message'];
    const deltas = events.flatMap((event): Json[] => (event['usage'] ? [event['usage']] : []));
    const reports = [(message?.['usage'] ?? {}) as Json, ...deltas];
    const said = reports.flatMap((usage) => Object.entries(usage).filter(([, value]) => value !== null));
    return { ...message, usage: Object.fromEntries(said) };
  }
  if (format === 'openai-responses') return events.findLast((event) => event['response'])?.['response'] ?? {};
  return events.findLast((event) => event['usage'] ?? event['usageMetadata']) ?? {};
}

describe('a recorded answer', () => {
  it.each(readdirSync(folder))('%s is read as the other reader does, cut at every byte', (file) => {
    const [provider = '', flavor = ''] = file.split('.');
    const format = formatOf(provider, flavor);
    const text = readFileSync(path.join(folder, file), 'utf8');
    const streaming = file.endsWith('.sse');
    const body = streaming ? wholeOf(format, text) : (JSON.parse(text) as Json);
    const answer = { format, source: { provider, flavor }, id: null, model: '', body, events: null, openEvents: 0 };
    const { counts } = readByPackage(answer);
    expect(counts.input).toBeGreaterThan(0);
    for (let cut = 0; cut <= new TextEncoder().encode(text).length; cut += 1) {
      const read = readByMeter(cores, { answer, streaming, text, cuts: [cut] });
      expect([read.usage && countsOf(read.usage), read.complete, read.unpriced]).toEqual([counts, true, []]);
    }
  });
});

/** One slip for each way in which a meter can read a stream wrongly, at least one for each format. */
import { table } from './mutation.ts';

export const streamMutations = [
  ...table('streams', 'metering/usage-fields.ts', [
    [
      'anthropic: null takes a count away',
      "parseTokens(usage['input_tokens']) ?? before.input,",
      "parseTokens(usage['input_tokens']),",
    ],
    [
      'anthropic: every report is added',
      "output: parseTokens(usage['output_tokens']) ?? before.output,",
      "output: (parseTokens(usage['output_tokens']) ?? 0) + (before.output ?? 0),",
    ],
    ['anthropic: writes for an hour count twice', 'Math.max(0, counts.cacheWrite - cacheWrite1h)', 'counts.cacheWrite'],
    ['anthropic: writes without a sum are free', '? (counts.cacheWrite5m ?? 0) :', '? 0 :'],
    ['openai: cached input is charged twice', 'input: all - cacheRead - cacheWrite,', 'input: all - cacheWrite,'],
    [
      'openai chat: writes to the cache are not seen',
      "fields.inputDetails?.['cache_write_tokens']",
      "fields.inputDetails?.['cache_creation_tokens']",
    ],
    [
      'openai responses: reasoning is not seen',
      "outputDetails: asObject(usage['output_tokens_details']),",
      'outputDetails: null,',
    ],
    [
      'openai embeddings: nothing is read',
      "input: usage['prompt_tokens'], output: 0,",
      "input: usage['input_tokens'], output: 0,",
    ],
  ]),
  ...table('streams', 'metering/gemini-usage.ts', [
    [
      'gemini: thoughts are free',
      'output: counts.candidatesTokenCount + counts.thoughtsTokenCount,',
      'output: counts.candidatesTokenCount,',
    ],
    [
      'gemini: results of tools are free',
      'input: counts.promptTokenCount - cacheRead + counts.toolUsePromptTokenCount,',
      'input: counts.promptTokenCount - cacheRead,',
    ],
    [
      'gemini: an absent zero is no usage',
      'if (value === undefined || value === null) continue;',
      'if (value === undefined) return null;',
    ],
  ]),
  ...table('streams', 'metering/usage-readers.ts', [
    [
      'chat: the first usage counts',
      'found.usage = openAiChatUsage(usage);\n  found.unpriced = openAiExtras(chunk, usage);',
      'found.usage ??= openAiChatUsage(usage);\n  found.unpriced = openAiExtras(chunk, usage);',
    ],
    [
      'responses: a failed answer has no end',
      '(?:completed|incomplete|failed)"/.test(data)',
      '(?:completed|incomplete)"/.test(data)',
    ],
    ['gemini: the first usage counts', 'found.usage = geminiUsage(usage);', 'found.usage ??= geminiUsage(usage);'],
    [
      'gemini: one answer of two is the end',
      'found.ended = !ends.includes(false) && (',
      'found.ended = ends.includes(true) && (',
    ],
    ['gemini: answer 0 has its number', "candidate?.['index'] ?? 0", "candidate?.['index']"],
    [
      'anthropic: the end is the last report',
      "if (event['type'] === 'message_stop') {",
      "if (event['type'] === 'message_delta') {",
    ],
  ]),
  // What is passed over without being read.
  ...table('streams', 'metering/usage-readers.ts', [
    ['anthropic: the end is passed over', ' || findStop(bytes, from, to) >= 0;', ';'],
    ['anthropic: reports are passed over', 'namesUsage(bytes, from, to) || findStop', 'findStop'],
    ['chat: the end is passed over', 'bytes[from] !== OBJECT || hasUsageObject', 'hasUsageObject'],
    ['chat: the usage is passed over', ' || hasUsageObject(bytes, from, to);', ';'],
    ['responses: a failed answer is passed over', `, '"response.failed"'].map(finder)`, '].map(finder)'],
    ['gemini: every chunk is passed over', 'return true; // each', 'return false; // each'],
  ]),
  ...table('streams', 'metering/byte-search.ts', [
    ['words: the search goes on too far', '= last - at;', '= last - at + 1;'],
  ]),
  ...table('streams', 'metering/sse.ts', [
    ['lines: CRLF is two ends', 'if (byte === LF && afterCr) {', 'if (byte === LF && afterCr && at < 0) {'],
    ['lines: CR is a letter', 'if (byte !== LF && byte !== CR) {', 'if (byte !== LF) {'],
    [
      'lines: what is left of a chunk is dropped',
      '      append(from, piece.length);',
      '      if (from === 0) append(from, piece.length);',
    ],
    [
      'the last event needs its blank line',
      "      if (line !== '') endLine();\n      endEvent();",
      "      if (line !== '') endLine();",
    ],
    [
      'cut data without a space loses a letter',
      "rest.startsWith(': ') ? rest.slice(2) : rest.slice(1)",
      'rest.slice(2)',
    ],
    ['data without a space loses a letter', 'bytes[colon + 1] === SPACE ? colon + 2 : colon + 1', 'colon + 2'],
    ['data is lost with the piece that it came in', '      keep();\n      bytes = nothing;', '      bytes = nothing;'],
    [
      'of several data lines the last one counts',
      '    if (data !== null || inHand) addData(',
      '    if (data !== null) addData(',
    ],
  ]),
];

/**
 * Gemini, as the vendor's client 2.22.0 reads it: every chunk is a whole answer so far as it goes, with the usage until
 * then; the last one says why it ended. Model and streaming are in the path. Zero counts are left out. `promptTokenCount`
 * includes cached input. Lines end in CRLF.
 */
import { z } from 'zod';
import type { DemoRequest, DemoTurn, Segment } from './conversation.ts';
import { allInput, pieces, type Produced, type Wire, type WireContext, type WireEvent } from './wire.ts';

const Part = z.looseObject({
  text: z.string().optional(),
  functionCall: z.looseObject({ name: z.string() }).optional(),
  functionResponse: z.looseObject({ response: z.looseObject({ output: z.string().optional() }).optional() }).optional(),
});
const Content = z.looseObject({ role: z.enum(['user', 'model', 'function']).optional(), parts: z.array(Part) });
const Schema = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).optional();
const Body = z.looseObject({
  contents: z.array(Content).min(1),
  systemInstruction: Content.optional(),
  generationConfig: z.looseObject({ maxOutputTokens: z.number().int().positive().optional() }).optional(),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z
          .array(z.looseObject({ name: z.string(), parameters: Schema, parametersJsonSchema: Schema }))
          .default([]),
      }),
    )
    .default([]),
});
type Part = z.infer<typeof Part>;

const OUTPUT_TOKENS_DEFAULT = 8_192;

/** What the path says. */
interface Called {
  readonly model: string;
  readonly streaming: boolean;
}

function parse({ model, streaming }: Called, input: unknown): DemoRequest | string {
  const parsed = Body.safeParse(input);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { contents, systemInstruction, generationConfig, tools } = parsed.data;
  const declared = tools.flatMap((tool) => tool.functionDeclarations);
  const read = [...declared, ...(systemInstruction ? [systemInstruction] : []), ...contents];
  return {
    model,
    maxTokens: generationConfig?.maxOutputTokens ?? OUTPUT_TOKENS_DEFAULT,
    streaming,
    system: textOf(systemInstruction?.parts ?? []),
    turns: contents.map(({ role, parts }) => turnOf(role === 'model' ? 'assistant' : 'user', parts)),
    tools: declared.map(({ name, parameters, parametersJsonSchema }) => ({
      name,
      properties: Object.keys((parameters ?? parametersJsonSchema)?.properties ?? {}),
    })),
    segments: read.map((part): Segment => ({ text: JSON.stringify(part), cache: 'none' })),
  };
}

function turnOf(role: DemoTurn['role'], parts: readonly Part[]): DemoTurn {
  return {
    role,
    text: textOf(parts),
    toolNames: parts.flatMap((part) => part.functionCall?.name ?? []),
    toolResults: parts.flatMap(({ functionResponse }) =>
      functionResponse ? [functionResponse.response?.output ?? JSON.stringify(functionResponse.response ?? {})] : [],
    ),
  };
}

function textOf(parts: readonly Part[]): string {
  return parts
    .flatMap((part) => part.text ?? [])
    .join('\n')
    .trim();
}

function usageOf({ input }: WireContext, tokens: number): Record<string, unknown> {
  const prompt = allInput(input);
  const cached = input.cacheRead;
  return {
    promptTokenCount: prompt,
    ...(cached > 0 ? { cachedContentTokenCount: cached, cacheTokensDetails: [text(cached)] } : {}),
    ...(tokens > 0 ? { candidatesTokenCount: tokens } : {}),
    totalTokenCount: prompt + tokens,
    promptTokensDetails: [text(prompt)],
    trafficType: 'ON_DEMAND',
  };
}

function text(tokenCount: number): Record<string, unknown> {
  return { modality: 'TEXT', tokenCount };
}

function answerOf(
  context: WireContext,
  parts: readonly Record<string, unknown>[],
  end: string | null,
  tokens: number,
): Record<string, unknown> {
  const candidate = { content: { parts, role: 'model' }, ...(end === null ? {} : { finishReason: end }), index: 0 };
  return {
    candidates: [candidate],
    usageMetadata: usageOf(context, tokens),
    modelVersion: context.model,
    responseId: context.id,
  };
}

function callPart({ tool }: Produced): readonly Record<string, unknown>[] {
  return tool ? [{ functionCall: { name: tool.name, args: JSON.parse(tool.argsJson) as unknown } }] : [];
}

function endOf({ cutByLimit }: Produced): string {
  return cutByLimit ? 'MAX_TOKENS' : 'STOP';
}

function whole(context: WireContext, produced: Produced): Record<string, unknown> {
  const spoken = produced.text === '' ? [] : [{ text: produced.text }];
  return answerOf(context, [...spoken, ...callPart(produced)], endOf(produced), produced.tokens);
}

function stream(context: WireContext, produced: Produced): WireEvent[] {
  const events: WireEvent[] = [];
  const send = (parts: readonly Record<string, unknown>[], tokens: number, end: string | null = null): void => {
    events.push({ bytes: `data: ${JSON.stringify(answerOf(context, parts, end, tokens))}\r\n\r\n`, tokens });
  };
  for (const { piece, tokens } of pieces(produced.text)) send([{ text: piece }], tokens);
  const call = callPart(produced);
  if (call.length > 0) send(call, produced.tokens);
  send([{ text: '' }], produced.tokens, endOf(produced));
  return events;
}

/** The wire of one call: its path has said which model and whether it streams. */
export function geminiWire(called: Called): Wire {
  return {
    provider: 'google',
    parse: (body) => parse(called, body),
    whole,
    stream,
    error: (status, message) => ({
      error: { code: status, message, status: status === 404 ? 'NOT_FOUND' : 'INVALID_ARGUMENT' },
    }),
  };
}

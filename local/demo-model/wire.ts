/** What the API formats have in common for the demo model. */
import type { DemoRequest, Reply } from './conversation.ts';
import { countTokens, type InputTokens } from './tokens.ts';

export interface WireContext {
  readonly id: string;
  readonly model: string;
  readonly nowMs: number;
  readonly input: InputTokens;
  /** The chat API sends its usage only when asked. */
  readonly includeUsage: boolean;
}

/** What is really sent of a reply: `maxTokens` may cut it. */
export interface Produced {
  readonly text: string;
  readonly tool: { readonly id: string; readonly name: string; readonly argsJson: string } | null;
  readonly tokens: number;
  readonly cutByLimit: boolean;
}

/** One step of a stream: bytes, and how many output tokens the model has made when they are sent. */
export interface WireEvent {
  readonly bytes: string;
  readonly tokens: number;
}

/** The providers that are played, by the id that @pydantic/genai-prices has for them. */
export const priceSources = {
  anthropic: 'anthropic',
  openai: 'openai',
  google: 'google',
  openrouter: 'openrouter',
  'workers-ai': 'cloudflare',
} as const;
export type DemoProvider = keyof typeof priceSources;

export interface Wire {
  readonly provider: DemoProvider;
  /** The request in the demo model's words, or a sentence that says what is wrong with it. */
  parse(body: unknown): DemoRequest | string;
  whole(context: WireContext, produced: Produced): Record<string, unknown>;
  stream(context: WireContext, produced: Produced): WireEvent[];
  error(status: number, sentence: string): Record<string, unknown>;
}

/** Tokens of a tool call beside its arguments. */
const TOOL_OVERHEAD_TOKENS = 8;
const BYTES_PER_TOKEN = 4;

/** Applies the bound on output tokens: text is cut, a tool call that does not fit is not begun. */
export function produce(reply: Reply, maxTokens: number, toolId: string): Produced {
  const text = reply.kind === 'text' ? reply.text : reply.say;
  const kept = cutToTokens(text, maxTokens);
  const textTokens = countTokens(kept);
  if (reply.kind === 'text' || kept !== text) {
    return { text: kept, tool: null, tokens: textTokens, cutByLimit: kept !== text };
  }
  const argsJson = JSON.stringify(reply.args);
  const tokens = textTokens + toolTokens(argsJson);
  if (tokens > maxTokens) return { text: kept, tool: null, tokens: textTokens, cutByLimit: true };
  return { text: kept, tool: { id: toolId, name: reply.name, argsJson }, tokens, cutByLimit: false };
}

export function toolTokens(argsJson: string): number {
  return countTokens(argsJson) + TOOL_OVERHEAD_TOKENS;
}

/** The text in pieces of a few words, as a model would send it, each with the tokens made up to its end. */
export function pieces(text: string): { piece: string; tokens: number }[] {
  let sent = '';
  return (text.match(/\s*\S+(?:\s+\S+){0,2}\s*?(?=\s|$)|\s+$/g) ?? []).map((piece) => {
    sent += piece;
    return { piece, tokens: countTokens(sent) };
  });
}

function cutToTokens(text: string, maxTokens: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (Math.ceil(bytes.length / BYTES_PER_TOKEN) <= maxTokens) return text;
  let end = maxTokens * BYTES_PER_TOKEN;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1; // not inside a character
  return bytes.toString('utf8', 0, end);
}

/** An event with its name, as Anthropic and the responses API send it. */
export function namedEvent(data: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function allInput(input: InputTokens): number {
  return input.plain + input.cacheRead + input.cacheWrite5m + input.cacheWrite1h;
}

/**
 * A model request in the demo model's own words, whichever API it came through, and what is cleaned out of it:
 * OpenClaw wraps what a person wrote in a time stamp and adds turns of its own, which are not the person speaking.
 */

export interface DemoTool {
  readonly name: string;
  readonly properties: readonly string[];
}

export interface DemoTurn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** Names of the tools an assistant's turn calls. */
  readonly toolNames: readonly string[];
  /** What a tool answered; only in a user's turn. */
  readonly toolResults: readonly string[];
}

export interface DemoRequest {
  readonly model: string;
  readonly system: string;
  readonly turns: readonly DemoTurn[];
  readonly tools: readonly DemoTool[];
  readonly maxTokens: number;
  readonly streaming: boolean;
  /** Everything the model reads, in order, as text; a mark ends a prefix that the client wants cached. */
  readonly segments: readonly Segment[];
}

export interface Segment {
  readonly text: string;
  readonly cache: 'none' | '5m' | '1h';
}

export type Reply =
  | { readonly kind: 'text'; readonly text: string; readonly slow: boolean }
  | { readonly kind: 'tool'; readonly say: string; readonly name: string; readonly args: Record<string, unknown> };

const internalContext = /<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>/g;
const timeStamp = /^\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d{2}-\d{2} \d{2}:\d{2}[^\]]*\]\s*/;
const runtimeLine = /\n+Runtime: agent=[^\n]*$/;

/** What a person wrote, without what the assistant's software put around it. May be empty. */
export function spoken(text: string): string {
  return text.replace(internalContext, '').trim().replace(timeStamp, '').replace(runtimeLine, '').trim();
}

/** The turns in which somebody says or does something. */
export function meaningful(turns: readonly DemoTurn[]): DemoTurn[] {
  return turns
    .map((turn) => (turn.role === 'user' ? { ...turn, text: spoken(turn.text) } : turn))
    .filter((turn) => turn.text !== '' || turn.toolResults.length > 0 || turn.toolNames.length > 0);
}

/**
 * The model of a scratch run's one scripted turn: answers everything with the same sentence, in the formats of the open
 * providers. No upstream, no charge, nothing kept. Pure.
 */

/** What the trial sends, and what the conversation must then hold. */
export const trialTurn = {
  message: 'This is a test message of an upgrade trial. Answer it in one sentence.',
  answer: 'The water is calm in this trial.',
} as const;

export interface StandInAnswer {
  readonly status: number;
  readonly contentType: 'application/json' | 'text/event-stream';
  readonly body: string;
}

type Event = Readonly<Record<string, unknown>> & { readonly type?: string };

const geminiPath = /^\/google\/v1beta\/models\/([\w.-]{1,120}):(generateContent|streamGenerateContent)$/;

/** @param path of the request, with the provider first, such as `/anthropic/v1/messages` */
export function standInAnswer(path: string, asked: unknown): StandInAnswer {
  const [, called, method] = geminiPath.exec(path) ?? [];
  const { model, stream } =
    called === undefined ? readAsked(asked) : { model: called, stream: method === 'streamGenerateContent' };
  const make = called === undefined ? formats[path] : gemini;
  if (make === undefined) return json(404, { error: { type: 'not_found', message: 'not in a trial' } });
  const { whole, events, named } = make(model, trialTurn.answer);
  if (!stream) return json(200, whole);
  const lines = events.map((event) => `${named ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`);
  return {
    status: 200,
    contentType: 'text/event-stream',
    body: lines.join('') + (path.endsWith('/chat/completions') ? 'data: [DONE]\n\n' : ''),
  };
}

function readAsked(asked: unknown): { model: string; stream: boolean } {
  if (typeof asked !== 'object' || asked === null) return { model: '', stream: false };
  return {
    model: 'model' in asked && typeof asked.model === 'string' ? asked.model.slice(0, 120) : '',
    stream: 'stream' in asked && asked.stream === true,
  };
}

function json(status: number, body: unknown): StandInAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

interface Format {
  readonly whole: unknown;
  readonly events: readonly Event[];
  /** Each event is preceded by a line with its name. */
  readonly named: boolean;
}

const formats: Readonly<Record<string, (model: string, text: string) => Format>> = {
  '/anthropic/v1/messages': anthropic,
  '/openai/v1/responses': responses,
  '/openai/v1/chat/completions': chat,
  '/openrouter/v1/chat/completions': chat,
  '/workers-ai/v1/chat/completions': chat,
};

function anthropic(model: string, text: string): Format {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg_trial', type: 'message', role: 'assistant', model, stop_sequence: null };
  return {
    named: true,
    whole: { ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage },
    events: [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ],
  };
}

function responses(model: string, text: string): Format {
  const part = { type: 'output_text', text, annotations: [] };
  const item = { id: 'msg_trial', type: 'message', role: 'assistant', status: 'completed', content: [part] };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const response = { id: 'resp_trial', object: 'response', created_at: 0, model };
  const done = { ...response, status: 'completed', output: [item], usage };
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  const events: Event[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...at, delta: text },
    { type: 'response.output_text.done', ...at, text },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: done },
  ];
  return { named: true, whole: done, events: events.map((event, i) => ({ ...event, sequence_number: i })) };
}

function chat(model: string, text: string): Format {
  const base = { id: 'chatcmpl-trial', created: 0, model };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const chunk = (delta: unknown, finish: string | null) => ({
    ...base,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const message = { role: 'assistant', content: text };
  return {
    named: false,
    whole: { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage },
    events: [chunk(message, null), chunk({}, 'stop'), { ...base, object: 'chat.completion.chunk', choices: [], usage }],
  };
}

function gemini(model: string, text: string): Format {
  const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
  const candidates = [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }];
  const whole = { candidates, usageMetadata, modelVersion: model, responseId: 'gemini-trial' };
  return { named: false, whole, events: [whole] };
}

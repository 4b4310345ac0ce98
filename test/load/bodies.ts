/** Request bodies in each provider's format, as a client of that provider writes them. */

/** What a request asks the provider to keep in its cache, and for how long. */
export type Mark = 'none' | '5m' | '1h';

interface Wanted {
  readonly model: string;
  readonly text: string;
  readonly mark: Mark;
  readonly stream: boolean;
  readonly outputMax: number;
  readonly withTools: boolean;
}

/** @param path the provider and its path. @throws for one that is not planned */
export function bodyOf(path: string, wanted: Wanted): Record<string, unknown> {
  const { model, text, stream, outputMax: max, withTools } = wanted;
  const parameters = { type: 'object', properties: { path: { type: 'string' } } };
  switch (path) {
    case 'anthropic/v1/messages': {
      const control = wanted.mark === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' };
      const marked = wanted.mark === 'none' ? {} : { cache_control: control };
      return {
        model,
        stream,
        max_tokens: max,
        system: [{ type: 'text', text: 'You are an assistant.', ...marked }],
        messages: [{ role: 'user', content: text }],
        ...(withTools ? { tools: [{ name: 'read', input_schema: parameters }] } : {}),
      };
    }
    case 'openai/v1/chat/completions':
      return {
        model,
        stream,
        max_completion_tokens: max,
        messages: [{ role: 'user', content: text }],
        ...(withTools ? { tools: [{ type: 'function', function: { name: 'read', parameters } }] } : {}),
      };
    case 'openai/v1/responses':
      return {
        model,
        stream,
        max_output_tokens: max,
        input: text,
        ...(withTools ? { tools: [{ type: 'function', name: 'read', parameters }] } : {}),
      };
    case 'openai/v1/embeddings':
      return { model, input: text };
    case 'google/v1beta/models':
      return {
        contents: [{ role: 'user', parts: [{ text }] }],
        generationConfig: { maxOutputTokens: max },
        ...(withTools ? { tools: [{ functionDeclarations: [{ name: 'read', parameters }] }] } : {}),
      };
    case 'openrouter/v1/chat/completions':
    case 'workers-ai/v1/chat/completions':
      return {
        model,
        stream,
        max_tokens: max,
        messages: [{ role: 'user', content: text }],
        ...(withTools ? { tools: [{ type: 'function', function: { name: 'read', parameters } }] } : {}),
      };
    default:
      throw new Error(`no body for ${path}`);
  }
}

/**
 * The one way to the API: requests typed by the endpoint table, answers parsed with its schemas (they are in the
 * bundle for their size of about 20 kB; a wrong answer then fails here, with a code, and not deep inside a page).
 * Same origin, cookie session, a deadline on every request; creates carry an Idempotency-Key.
 */
import type { z } from 'zod';
import { type Endpoint, type EndpointName, endpoints } from '../../../control-plane/src/contract/api.ts';
import { ApiError, failureFromNetwork, failureFromProblem } from './errors.ts';

type Table = typeof endpoints;
type Part<N extends EndpointName, K extends 'params' | 'query' | 'body'> = Table[N] extends {
  readonly [P in K]: infer S extends z.ZodType;
}
  ? { readonly [P in K]: z.input<S> }
  : { readonly [P in K]?: undefined };
type Key<N extends EndpointName> = Table[N] extends { readonly idempotent: true }
  ? { /** Kept across retries of one intent; a new intent takes a new one. */ readonly idempotencyKey: string }
  : { readonly idempotencyKey?: undefined };

type Content<N extends EndpointName> = Table[N] extends { readonly uploadBytesMax: number }
  ? { /** The bytes to send, as they are. */ readonly content: Blob }
  : { readonly content?: undefined };

export type CallInput<N extends EndpointName> = Part<N, 'params'> &
  Part<N, 'query'> &
  Part<N, 'body'> &
  Content<N> &
  Key<N> & { readonly signal?: AbortSignal };
export type CallOutput<N extends EndpointName> = z.output<Table[N]['response']>;

const timeoutMs = 20_000;
/** One part of an upload: 8 MiB in five minutes is a quarter of a megabit a second. */
const uploadTimeoutMs = 300_000;

type Scalars = Readonly<Record<string, string | number | boolean | undefined>>;

/** The path of an endpoint with its parameters put in, each encoded, and the query behind it. */
export function pathOf(template: string, params: Scalars = {}, query: Scalars = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(params[name] ?? '')));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** What any endpoint may take, as plain as it goes over the wire. */
interface AnyInput {
  readonly params?: Scalars;
  readonly query?: Scalars;
  readonly body?: unknown;
  readonly content?: Blob;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/**
 * Calls one endpoint.
 * @throws ApiError for every failure: a problem of the API, no answer, or an answer that the schema refuses
 */
export async function call<N extends EndpointName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const endpoint: Endpoint = endpoints[name];
  const { params, query, body: payload, content, idempotencyKey, signal } = input as AnyInput;
  const { response, body } = await send(pathOf(endpoint.path, params, query), {
    method: endpoint.method.toUpperCase(),
    body: payload,
    content,
    signal,
    headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  });
  const requestId = response.headers.get('x-request-id');
  if (!response.ok) {
    throw new ApiError(
      failureFromProblem(response.status, body, { requestId, retryAfter: response.headers.get('retry-after') }),
    );
  }
  const parsed = endpoint.response.safeParse(body);
  if (!parsed.success) {
    throw new ApiError(failureFromProblem(response.status, undefined, { requestId }), { cause: parsed.error });
  }
  // The schema that parsed it is the one the type is made from.
  return parsed.data as CallOutput<N>;
}

export interface SendOptions {
  readonly method: string;
  readonly body?: unknown;
  /** Bytes in the place of a JSON body. */
  readonly content?: Blob | undefined;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

/** One request with a deadline; the body is parsed as JSON where it is JSON, else undefined. */
export async function send(path: string, options: SendOptions): Promise<{ response: Response; body: unknown }> {
  const deadline = AbortSignal.timeout(options.content === undefined ? timeoutMs : uploadTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    const response = await fetch(path, {
      method: options.method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.content !== undefined
        ? { body: options.content }
        : options.body === undefined
          ? {}
          : { body: JSON.stringify(options.body) }),
      signal,
    });
    return { response, body: await jsonOf(response) };
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(failureFromNetwork(deadline.aborted), { cause: error });
  }
}

/**
 * The body of an answer as JSON; undefined where it is none, or not the JSON that it says it is: the status decides then,
 * and a whole answer is refused by its schema.
 * @throws when the connection breaks in the middle: that is a failure of the network, not of the answer
 */
export async function jsonOf(response: Response): Promise<unknown> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return undefined;
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

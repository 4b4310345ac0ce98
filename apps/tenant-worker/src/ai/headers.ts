/**
 * Headers of the model path, rebuilt from allow-lists both ways. Whatever a container sends as a credential, a cookie,
 * an identity or a gateway option (`cf-aig-*`) ends here; what a provider answers beyond the listed names ends here too.
 */
import { filterAnthropicBeta } from '../core/metering/anthropic-request.ts';
import type { AiProvider } from '../core/metering/ai-route.ts';

const ANTHROPIC_VERSION = '2023-06-01';

/** Headers to send upstream, without credentials. */
export function toUpstreamHeaders(provider: AiProvider, inbound: Headers): Headers {
  const headers = new Headers({
    'content-type': 'application/json',
    accept: inbound.get('accept') ?? 'application/json',
    // The meter reads bytes, so they must not be compressed.
    'accept-encoding': 'identity',
    'user-agent': inbound.get('user-agent') ?? 'tidepool',
  });
  if (provider === 'anthropic') {
    const version = inbound.get('anthropic-version') ?? '';
    headers.set('anthropic-version', /^\d{4}-\d{2}-\d{2}$/.test(version) ? version : ANTHROPIC_VERSION);
    const beta = filterAnthropicBeta(inbound.get('anthropic-beta'));
    if (beta !== null) headers.set('anthropic-beta', beta);
  }
  return headers;
}

const passedBack = ['content-type', 'request-id', 'x-request-id', 'retry-after', 'retry-after-ms', 'x-should-retry'];

/** Headers of the answer to the container. */
export function toClientHeaders(upstream: Headers, requestId: string): Headers {
  const headers = new Headers({ 'cache-control': 'no-store', 'x-tidepool-request-id': requestId });
  for (const name of passedBack) {
    const value = upstream.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

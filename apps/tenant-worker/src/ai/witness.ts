/**
 * The second witness: what the gateway's own log says of a request. A port and its adapter for AI Gateway's log API,
 * which the local demo model speaks too.
 * API: GET /accounts/{account}/ai-gateway/gateways/{gateway}/logs, `filters` with key `metadata.value`; `metadata` is text.
 */
import { z } from 'zod';
import type { UpstreamVars } from './upstream.ts';

export interface WitnessRecord {
  readonly logId: string;
  readonly succeeded: boolean;
  readonly cached: boolean;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** What the witness itself works the cost out to, rounded up to a nano-dollar; null when it does not say. */
  readonly costNanoUsd: number | null;
}

export interface UsageWitness {
  /** The record of one of our requests, or null when there is none (yet). @throws when the witness cannot be asked */
  find(requestId: string): Promise<WitnessRecord | null>;
}

export interface WitnessVars extends UpstreamVars {
  /** A Cloudflare API token that may read AI Gateway's logs. */
  readonly AI_GATEWAY_LOGS_TOKEN?: string;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const tokens = z.number().int().min(0).nullish();
const Logs = z.object({
  result: z.array(
    z.object({
      id: z.string().max(128),
      success: z.boolean(),
      cached: z.boolean(),
      tokens_in: tokens,
      tokens_out: tokens,
      cost: z.number().min(0).max(1_000_000).nullish(),
      metadata: z.string().nullish(),
    }),
  ),
});
const ASK_TIMEOUT_MS = 10_000;

/** The witness that belongs to the configured upstream, or null: then nobody but the provider's invoice knows more. */
export function chooseWitness(vars: WitnessVars, ask: Fetch = (url, init) => fetch(url, init)): UsageWitness | null {
  const gateway = /^https:\/\/gateway\.ai\.cloudflare\.com\/v1\/([\w-]+)\/([\w-]+)\/?$/.exec(
    vars.AI_GATEWAY_BASE_URL ?? '',
  );
  const token = vars.AI_GATEWAY_LOGS_TOKEN ?? '';
  if (gateway && token !== '') {
    const url = `https://api.cloudflare.com/client/v4/accounts/${gateway[1] ?? ''}/ai-gateway/gateways/${gateway[2] ?? ''}/logs`;
    return gatewayLogWitness(url, { authorization: `Bearer ${token}` }, ask);
  }
  const demo = (vars.DEMO_MODEL_BASE_URL ?? '').replace(/\/+$/, '');
  return demo === '' || gateway ? null : gatewayLogWitness(`${demo}/logs`, {}, ask);
}

function gatewayLogWitness(url: string, headers: Record<string, string>, ask: Fetch): UsageWitness {
  return {
    async find(requestId) {
      const filters = JSON.stringify([{ key: 'metadata.value', operator: 'eq', value: [requestId] }]);
      const answer = await ask(`${url}?filters=${encodeURIComponent(filters)}&per_page=5`, {
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      if (!answer.ok) throw new Error(`the gateway's log answered ${answer.status}`);
      const { result } = Logs.parse(await answer.json());
      // Checked here too: a filter that a server does not know must not give us somebody else's record.
      const found = result.find((entry) => isAbout(entry.metadata ?? '', requestId));
      if (!found) return null;
      return {
        logId: found.id,
        succeeded: found.success,
        cached: found.cached,
        tokensIn: found.tokens_in ?? 0,
        tokensOut: found.tokens_out ?? 0,
        costNanoUsd: typeof found.cost === 'number' ? nanoUsd(found.cost) : null,
      };
    },
  };
}

const Metadata = z.looseObject({ request: z.string() });

function isAbout(metadata: string, requestId: string): boolean {
  try {
    return Metadata.parse(JSON.parse(metadata)).request === requestId;
  } catch {
    return false; // not written by us
  }
}

/** Dollars as a floating number, rounded up to nano-USD once what the floating point added is taken off. */
function nanoUsd(usd: number): number {
  return Math.ceil(Math.round(usd * 1e12) / 1000);
}

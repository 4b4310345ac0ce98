/**
 * The gateway's own log of a time, a page at a time: AI Gateway's list of logs, which the local demo model speaks too.
 * GET /accounts/{account}/ai-gateway/gateways/{gateway}/logs with `filters` on `created_at`, oldest first; `metadata` is
 * text. Nothing of a request's or an answer's content is asked for or read.
 */
import { z } from 'zod';
import type { TheirRequest } from '../contract/drift.ts';

export interface LoggedRequest extends TheirRequest {
  /** Empty where the entry names none: it was not made by an assistant. */
  readonly tenantId: string;
  readonly requestId: string;
  readonly createdAtMs: number;
}

export interface GatewayLogs {
  /** Pages count from 1. @throws when the gateway cannot be asked or answers something else */
  page(
    range: { readonly fromMs: number; readonly toMs: number },
    page: number,
  ): Promise<{ readonly entries: readonly LoggedRequest[]; readonly more: boolean }>;
}

/** As many as the API gives. */
const perPage = 50;
const askTimeoutMs = 20_000;

const tokens = z.number().int().min(0).nullish();
const Logs = z.object({
  result: z
    .array(
      z.object({
        id: z.string().min(1).max(128),
        created_at: z.string().max(40),
        success: z.boolean(),
        cached: z.boolean().nullish(),
        tokens_in: tokens,
        tokens_out: tokens,
        cost: z.number().min(0).max(1_000_000).nullish(),
        metadata: z.string().nullish(),
      }),
    )
    .max(1_000),
  result_info: z.object({ per_page: z.number().int().min(1) }).nullish(),
});

/** `url` is the list's address; `token` may read AI Gateway's logs and nothing else, empty for the demo model. */
export function gatewayLogs(
  { url, token }: { readonly url: string; readonly token: string },
  ask: (url: string, init: RequestInit) => Promise<Response> = (at, init) => fetch(at, init),
): GatewayLogs {
  return {
    async page({ fromMs, toMs }, page) {
      const query = new URLSearchParams({
        page: String(page),
        per_page: String(perPage),
        order_by: 'created_at',
        order_by_direction: 'asc',
        filters: JSON.stringify([
          { key: 'created_at', operator: 'gt', value: [iso(fromMs - 1)] },
          { key: 'created_at', operator: 'lt', value: [iso(toMs)] },
        ]),
      });
      const answer = await ask(`${url}?${query.toString()}`, {
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        redirect: 'manual',
        signal: AbortSignal.timeout(askTimeoutMs),
      });
      if (!answer.ok) throw new Error(`the gateway's log answered ${answer.status}`);
      const { result, result_info: info } = Logs.parse(await answer.json());
      return { entries: result.map(toEntry), more: result.length >= Math.min(perPage, info?.per_page ?? perPage) };
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function toEntry(entry: z.infer<typeof Logs>['result'][number]): LoggedRequest {
  const { tenant, request } = metadataOf(entry.metadata ?? '');
  return {
    logId: entry.id,
    tenantId: tenant,
    requestId: request,
    createdAtMs: instant(entry.created_at),
    succeeded: entry.success,
    tokensIn: entry.tokens_in ?? null,
    tokensOut: entry.tokens_out ?? null,
    costNanoUsd: typeof entry.cost === 'number' ? nanoUsd(entry.cost) : null,
  };
}

const id = z.string().max(64).catch('');
const Metadata = z.looseObject({ tenant: id, request: id });

function metadataOf(text: string): { tenant: string; request: string } {
  try {
    return Metadata.parse(JSON.parse(text));
  } catch {
    return { tenant: '', request: '' }; // not written by us
  }
}

/** Without a zone it is UTC. @throws when it is no time */
function instant(text: string): number {
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);
  if (!Number.isFinite(at)) throw new Error(`the gateway's log has an entry of no time`);
  return at;
}

/** Dollars as a floating number, rounded up to nano-USD once what the floating point added is taken off. */
function nanoUsd(usd: number): number {
  return Math.ceil(Math.round(usd * 1e12) / 1000);
}

/**
 * Who had to pay for each attempt, and whether a turn's attempts are what was planned: the model that was asked for and then
 * its fallbacks in order, each with a receipt of its own, none after one that answered. Pure; by the upstream's log and the
 * plan, with nothing of the tenant worker's own rules.
 */
import type { Receipt } from '../../apps/control-plane/src/contract/receipt.ts';
import type { LoadTenant } from './plan.ts';
import type { Ended } from './upstream-log.ts';

export interface Planned {
  /** By tenant. */
  readonly tenants: ReadonlyMap<string, Pick<LoadTenant, 'ownKeys' | 'routing'>>;
  /** `provider/model` that a turn asks for, by its number. */
  readonly asks: ReadonlyMap<number, string>;
}

export function plannedOf(tenants: readonly LoadTenant[]): Planned {
  return {
    tenants: new Map(tenants.map((tenant) => [tenant.tenantId, tenant])),
    asks: new Map(tenants.flatMap(({ turns }) => turns.map(({ n, asks }) => [n, asks] as const))),
  };
}

/** What is wrong with the key that came with an attempt, or null. */
export function wrongKey({ tenant, provider, payer }: Ended, { tenants }: Planned): string | null {
  const hasOwn = tenants.get(tenant)?.ownKeys.some((own) => own === provider) === true;
  if (payer === (hasOwn ? 'own' : 'platform')) return null;
  return payer === 'foreign' ? "another tenant's key came with it" : `the ${payer} key came with it`;
}

/** An attempt that reached the upstream, with what the books say of it. */
export interface Attempt {
  readonly receipt: Receipt;
  readonly entry: Ended;
}

export const refOf = ({ provider, model }: Receipt): string => `${provider}/${model}`;

/** @param attempts of all tenants, by request id */
export function attemptProblems(attempts: ReadonlyMap<string, Attempt>, planned: Planned): string[] {
  const turns = new Map<string, Attempt[]>();
  for (const attempt of attempts.values()) {
    const turn = attempt.receipt.part?.turn ?? attempt.receipt.requestId;
    turns.set(turn, [...(turns.get(turn) ?? []), attempt]);
  }
  return [...turns].flatMap(([turn, all]) => {
    const inOrder = all.toSorted((a, b) => numberOf(a) - numberOf(b));
    return inOrder.flatMap((attempt, at) => {
      const wrong = wrongIn(attempt, inOrder[at - 1] ?? null, planned);
      return wrong === null ? [] : [`${attempt.receipt.requestId} (turn ${turn}): ${wrong}`];
    });
  });
}

const numberOf = ({ receipt }: Attempt): number => receipt.part?.attempt ?? 1;

function wrongIn(attempt: Attempt, before: Attempt | null, planned: Planned): string | null {
  const { receipt, entry } = attempt;
  const routing = planned.tenants.get(entry.tenant)?.routing;
  const asks = planned.asks.get(entry.n) ?? '';
  const ref = refOf(receipt);
  if ((receipt.part?.asked ?? ref) !== asks) return `its receipt says that ${receipt.part?.asked ?? ref} was asked for`;
  const chain = [asks, ...(routing?.fallbacks.find(({ model }) => model === asks)?.then ?? [])];
  if (!chain.includes(ref)) return `${ref} answers for ${asks}, and nobody chose that`;
  if (before === null) return numberOf(attempt) === 1 ? null : 'the attempt before it has no receipt';
  if (numberOf(attempt) !== numberOf(before) + 1) return 'an attempt has no receipt, or two have one number';
  if (before.entry.tenant !== entry.tenant || before.entry.n !== entry.n) return 'it is an attempt of another turn';
  if (chain.indexOf(ref) <= chain.indexOf(refOf(before.receipt))) return `${ref} is tried out of its order`;
  if (before.receipt.outcome === 'final' || before.receipt.outcome === 'partial')
    return 'it was tried after one that answered';
  const { how, status, payer } = before.entry;
  if (how === 'refused' && status === 400) return 'it was tried for a request that is wrong anywhere';
  const ownRefused = payer === 'own' && how === 'refused' && (status === 401 || status === 402);
  if (ownRefused && routing?.keyRefused === 'stop' && entry.payer !== 'own')
    return 'the platform pays for it after a refused key, and nobody chose that';
  return null;
}

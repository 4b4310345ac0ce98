/**
 * What the edge of the tenant worker (gate, pages, egress) may ask of the two tenant objects. The objects implement it;
 * the edge sees nothing else of them. All calls are RPC: values only, refusals as values, no exceptions by design.
 */
import type {
  MemberRole,
  Operation,
  OperationStep,
  TenantStateKind,
} from '../../control-plane/src/contract/tenant-rpc.ts';
import type { Result } from '../../control-plane/src/contract/result.ts';

/** Who a request acts as inside the assistant. */
export interface Principal {
  readonly userId: string;
  readonly role: MemberRole;
}

/** A live container run that may be called now. */
export interface LiveRoute {
  readonly tenantId: string;
  readonly incarnation: number;
}

/** Where a tenant stands, for a page that waits. Reading it wakes nothing. */
export interface TenantProgress {
  readonly displayName: string;
  readonly state: TenantStateKind;
  readonly reason: string | null;
  readonly operation: Operation | null;
  readonly steps: readonly OperationStep[];
  /** Median of the last starts on this tenant, or null when there was none: "usually about …". */
  readonly usualMs: number | null;
}

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly principal: Principal;
      readonly sessionExpiresAtMs: number;
      readonly route: LiveRoute | null;
      /** The OpenClaw release that runs, or will run at the next start. */
      readonly release: string;
      readonly progress: TenantProgress;
    }
  | { readonly kind: 'no_session' }
  | { readonly kind: 'unknown_tenant' }
  | { readonly kind: 'deleted' };

/** A session as it is made at redemption; the id itself is known only to the browser's cookie. */
export interface NewSession {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

export interface TenantGate {
  /** Does this label name a tenant? Reads only; an unknown label leaves no trace. */
  exists(): Promise<'active' | 'deleted' | 'unknown'>;
  /** Redeems a one-time code, once: hash of the code, hash of the browser's state, hash of the new session id. */
  redeem(input: {
    codeHash: string;
    stateHash: string;
    sessionHash: string;
    host: string;
  }): Promise<Result<NewSession>>;
  /** Checks a session and says where to send the request. Never wakes. `isUse` false: asking is not using (default true). */
  admit(input: { sessionHash: string; isUse?: boolean }): Promise<Admission>;
  /** Ends one session. */
  signOut(input: { sessionHash: string }): Promise<void>;
  /** An admitted person wants the assistant awake (a page opened, a socket retried after a deliberate act). */
  wakeFor(input: { sessionHash: string; why: 'navigation' | 'request' }): Promise<TenantProgress | null>;
}

/** Headers from the gate to `TenantSandbox.fetch`; removed there before anything reaches the container. */
export const sandboxHeaders = {
  /** `1` when somebody did this, `0` when a page asks by itself. */
  act: 'x-tidepool-internal-act',
  incarnation: 'x-tidepool-internal-incarnation',
  sessionExpiresAtMs: 'x-tidepool-internal-session-expires',
  sessionHash: 'x-tidepool-internal-session',
} as const;

/** Names of the tenant worker's Durable Objects. */
export function sandboxName(tenantId: string, incarnation: number): string {
  return `${tenantId}.${incarnation}`;
}

/** A throw-away run beside the tenant's own; never the name of an incarnation. */
export function scratchName(tenantId: string, n: number): string {
  return `${tenantId}.scratch-${n}`;
}

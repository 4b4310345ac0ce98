/**
 * A tenant behind the real gate, for tests of the edge: real sessions and tokens, a scripted container, a clock run by
 * hand, and a list of every call that the gate makes. Calls that are not in the list were not made.
 */
import { CellKeys } from '../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { parseTenantOrigin } from '../../apps/tenant-worker/src/core/edge/host.ts';
import { refusalHeader } from '../../apps/tenant-worker/src/core/edge/refusal.ts';
import type { SandboxRefusal } from '../../apps/tenant-worker/src/core/edge/refusal.ts';
import { RateLimits } from '../../apps/control-plane/src/contract/rate-limit.ts';
import { AdmissionCache } from '../../apps/tenant-worker/src/edge/admission-cache.ts';
import { handleTenantRequest } from '../../apps/tenant-worker/src/edge/gate.ts';
import type { ControlUiPage } from '../../apps/tenant-worker/src/edge/control-ui.ts';
import type { GateDeps } from '../../apps/tenant-worker/src/edge/gate.ts';
import { newHandoffCode, sha256 } from '../../apps/tenant-worker/src/edge/tokens.ts';
import { migrate } from '../../apps/tenant-worker/src/modules/migrate.ts';
import { SESSION_MIGRATIONS, Sessions } from '../../apps/tenant-worker/src/modules/sessions.ts';
import type { Admission, LiveRoute, TenantGate, TenantProgress } from '../../apps/tenant-worker/src/tenant-api.ts';
import type { MemberRole, TenantStateKind } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { openNodeSql } from './node-sql.ts';

export const startMs = Date.parse('2026-11-21T08:00:00Z');
export const host = 'nora-7f3k.tenants.example';
export const origin = `https://${host}`;
export const platformOrigin = 'https://app.tidepool.example';

/** Headers of a person opening a page, and of a browser opening a socket. */
export const page = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};
export const upgrade = { upgrade: 'websocket', origin, 'sec-websocket-version': '13' };

interface Sent {
  readonly route: LiveRoute;
  readonly request: Request;
}

export class EdgeWorld {
  readonly clock = { ms: startMs };
  readonly calls: string[] = [];
  readonly sent: Sent[] = [];
  readonly cache = new AdmissionCache();
  /** Counts by rule and key within one window; they bind only where a test sets `limited`. */
  readonly counted = new Map<string, number>();
  limited = false;
  readonly keys = new CellKeys(JSON.stringify({ current: 'k1', keys: { k1: Buffer.alloc(32, 1).toString('base64') } }));
  readonly sessions: Sessions;
  state: TenantStateKind = 'awake';
  incarnation = 3;
  exists = true;
  /** Refusals that the sandbox object gives, one per request. */
  refusals: SandboxRefusal[] = [];
  /** Errors that the tenant's object throws, one per call. */
  errors: Error[] = [];
  answer: (request: Request) => Promise<Response> = async (request) => Response.json({ url: request.url });
  /** The Control UI's files that the cell carries, by release and path, and its page. */
  readonly files = new Map<string, string>();
  page: ControlUiPage | null = null;
  #random = 0;
  readonly #limits = new RateLimits({
    counter: {
      count: async (rule, key) => {
        const name = `${rule.binding} ${key}`;
        const n = (this.counted.get(name) ?? 0) + 1;
        this.counted.set(name, n);
        return !this.limited || n <= rule.limit;
      },
    },
    nowMs: () => this.clock.ms,
    failed: () => undefined,
  });

  constructor() {
    const sql = openNodeSql();
    migrate(sql, SESSION_MIGRATIONS, startMs);
    this.sessions = new Sessions(sql, { nowMs: () => this.clock.ms });
  }

  get progress(): TenantProgress {
    return { displayName: 'Nora <b>', state: this.state, reason: null, operation: null, steps: [], usualMs: 9_000 };
  }

  tenant(slug: string): TenantGate {
    const called = (what: string): void => {
      this.calls.push(`${slug}.${what}`);
      const error = this.errors.shift();
      if (error) throw error;
    };
    return {
      exists: async () => {
        called('exists');
        return 'active';
      },
      redeem: async (input) => {
        called('redeem');
        return this.sessions.redeem(input);
      },
      admit: async ({ sessionHash }): Promise<Admission> => {
        called('admit');
        if (!this.exists) return { kind: 'unknown_tenant' };
        if (this.state === 'deleted') return { kind: 'deleted' };
        const session = this.sessions.check(sessionHash);
        if (session === null) return { kind: 'no_session' };
        return {
          kind: 'admitted',
          principal: session.principal,
          sessionExpiresAtMs: session.expiresAtMs,
          route: this.state === 'awake' ? { tenantId: 'ten_1', incarnation: this.incarnation } : null,
          release: '2026.9.6',
          progress: this.progress,
        };
      },
      signOut: async ({ sessionHash }) => {
        called('signOut');
        this.sessions.end({ sessionHash });
      },
      wakeFor: async ({ sessionHash, why }) => {
        called(`wakeFor:${why}`);
        if (this.sessions.check(sessionHash) === null) return null;
        if (this.state === 'asleep') this.state = 'waking';
        return this.progress;
      },
    };
  }

  get deps(): GateDeps {
    return {
      platformOrigin,
      tenantOrigin: parseTenantOrigin('https://{slug}.tenants.example'),
      keys: this.keys,
      clock: { nowMs: () => this.clock.ms },
      cache: this.cache,
      limits: this.#limits,
      controlUi: {
        file: async (release, path) => {
          const content = this.files.get(`${release}${path}`);
          return content === undefined ? null : new Response(content, { headers: { 'content-type': 'text/x-file' } });
        },
        page: async () => this.page,
      },
      withTabScript: (page) => new Response(page.body, { headers: [...page.headers, ['x-test-script', 'in']] }),
      random: (bytes) => new Uint8Array(bytes).fill(++this.#random % 256),
      tenant: (slug) => this.tenant(slug),
      sandbox: (route) => ({
        fetch: async (request) => {
          this.calls.push(`sandbox.${route.incarnation}`);
          this.sent.push({ route, request });
          const refusal = route.incarnation === this.incarnation ? this.refusals.shift() : 'incarnation_stale';
          if (refusal) return new Response(null, { status: 409, headers: { [refusalHeader]: refusal } });
          return this.answer(request);
        },
      }),
    };
  }

  ask(path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
    this.calls.length = 0;
    const request = new Request(`https://${headers['host'] ?? host}${path}`, {
      ...init,
      headers: { host, ...headers },
    });
    return handleTenantRequest(request, this.deps);
  }

  /** A signed-in browser's session cookie. */
  async signIn(over: { role?: MemberRole } = {}): Promise<string> {
    const { code, codeHash, expiresAtMs } = await newHandoffCode(this.keys, host, this.clock.ms);
    const state = 's'.repeat(43);
    this.sessions.grant({
      codeHash,
      stateHash: await sha256(state),
      host,
      userId: 'usr_1',
      role: over.role ?? 'owner',
      parentSessionHash: 'parent',
      expiresAtMs,
    });
    const answer = await this.ask(`/__tidepool/callback?code=${code}&path=%2Fchat`, {
      ...page,
      cookie: `__Host-tidepool_state=${state}`,
    });
    if (answer.status !== 303) throw new Error(`signing in answered ${answer.status}`);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('__Host-tidepool_session='));
    return cookie?.split(';')[0] ?? '';
  }
}

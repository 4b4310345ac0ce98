/**
 * The audit trail's vocabulary: every action that may stand in it, and what of the thing that changed may be told. An
 * entry's facts go through its action's schema on the way in, and what the schema doesn't name is dropped there: a secret
 * can't be in an entry because no schema has a place for one.
 */
import { z } from 'zod';
import { WantedBudgets } from './budgets.ts';

const text = (max: number) =>
  z
    .string()
    .transform((value) => value.slice(0, max))
    .optional();
const whole = z.number().int().optional();
const flag = z.boolean().optional();

const spec = z.object({
  displayName: text(60),
  aiCapNanoUsdPerMonth: whole,
  idleSleepMs: whole,
  keepAwake: flag,
  pinned: flag,
  release: text(64),
});
const models = z.object({
  primary: text(120),
  utility: text(120),
  allowed: text(2_000),
  fallbacks: text(2_000),
  keyRefused: text(20),
  economy: text(160),
  perMinute: text(2_000),
  answers: text(40),
});
const command = z.object({
  operationId: text(40),
  snapshotId: text(40),
  importId: text(40),
  release: text(64),
  settings: text(40),
});
const snapshot = z.object({ snapshotId: text(40), protected: flag, accepted: flag });
const file = z.object({ snapshotId: text(40), path: text(400), putId: text(40), bytes: whole });
const upload = z.object({ importId: text(40), fileName: text(200), bytes: whole });
const secret = z.object({ name: text(64), kind: text(40) });
const rule = z.object({
  version: whole,
  preset: text(20),
  rules: whole,
  ruleId: text(40),
  answerId: text(40),
  host: text(255),
  method: text(10),
  effect: text(10),
  verdict: text(10),
});
const person = z.object({ userId: text(64), role: text(40) });
const invitation = z.object({ invitationId: text(64), role: text(40) });
const members = z.object({ members: z.array(z.string().max(100)).max(50).optional() });

/** The closed table: action → what its `before` and `after` may hold. */
export const auditActions = {
  'tenant.create': spec.extend({ slug: text(80) }),
  'tenant.update': spec,
  'tenant.members': members,
  'tenant.release': spec,
  'tenant.budgets': z.object({ budgets: WantedBudgets.optional() }),
  'tenant.spending_resume': z.object({ pauseId: text(40) }),
  'models.replace': models,
  'tenant.wake': command,
  'tenant.sleep': command,
  'tenant.restart': command,
  'tenant.drill': command,
  'tenant.upgrade': command,
  'tenant.rollback': command,
  'tenant.export': z.object({ snapshotId: text(40), bytes: whole }),
  'snapshot.take': command,
  'snapshot.update': snapshot,
  'snapshot.restore': command,
  'snapshot.undo': command,
  'snapshot.file_take': file,
  'snapshot.file_put': file,
  'snapshot.file_undo': file,
  'import.create': upload,
  'import.start': command,
  'import.apply': command,
  'import.remove': upload,
  'secret.put': secret,
  'secret.delete': secret,
  'secret.rotate': z.object({ rotationId: text(40), keys: text(20), kid: text(32) }),
  'network.replace': rule,
  'network.rule_add': rule,
  'network.rule_remove': rule,
  'network.answer': rule,
  'network.answer_remove': rule,
  'member.role': person,
  'member.remove': person,
  'member.leave': person,
  'member.sessions_end': person,
  'invitation.create': invitation,
  'invitation.resend': invitation,
  'invitation.revoke': invitation,
  'invitation.accept': invitation,
  'invitation.decline': invitation,
  'device.answer': z.object({ kind: text(20), requestId: text(200), deviceId: text(200), channel: text(200) }),
  'apikey.create': z.object({ keyId: text(40), name: text(60), scope: text(20), expiresAt: text(40) }),
  'apikey.revoke': z.object({ keyId: text(40), name: text(60), scope: text(20) }),
  'billing.checkout': z.object({ checkoutId: text(40), planKey: text(60) }),
  'billing.top_up': z.object({ checkoutId: text(40), cents: whole }),
  'billing.plan': z.object({ planKey: text(60) }),
  'billing.end': z.object({ subscriptionId: text(80), end: flag }),
  'billing.overage': z.object({ limitNanoUsd: z.number().int().nullable().optional() }),
  'billing.hold_release': z.object({ holdId: text(80), kind: text(20) }),
  'billing.budget': z.object({ budgetNanoUsd: z.number().int().nullable().optional() }),
  'tenant.limits': z.object({
    desired: text(20),
    aiNanoUsdPerMonth: whole,
    keepAwake: flag,
    by: text(20),
    organisationNanoUsd: whole,
  }),
} as const satisfies Record<string, z.ZodObject>;

export type AuditAction = keyof typeof auditActions;
export const auditActionNames = Object.keys(auditActions) as [AuditAction, ...AuditAction[]];

/**
 * What people do with their own accounts. A person may be in many organisations, so these stand in none's trail: each
 * person sees their own (contract/account-api.ts). They have no facts but when, from where, and by whom.
 */
export const accountActions = [
  'account.sign_in',
  /** The right or a wrong password, tried too often to be looked at. */
  'account.sign_in_held',
  'account.sign_out_others',
  'account.sign_out_everywhere',
  'account.password_change',
  'account.password_reset',
] as const;
export type AccountAction = (typeof accountActions)[number];

/** Facts about what changed; only what the action's schema names is kept. */
export type AuditFacts = Readonly<Record<string, unknown>>;

/** Who acts. Staff say why; for others a reason is possible. */
export type Actor =
  | { readonly kind: 'person' | 'api_key' | 'system'; readonly id: string; readonly reason?: string }
  | { readonly kind: 'staff'; readonly id: string; readonly reason: string };

/** Who does what, in which request: what every change takes with it, so that it can be written down where it is made. */
export interface Trail {
  readonly actor: Actor;
  readonly requestId: string | null;
  readonly action: AuditAction;
}

/**
 * `intended` is written before something outside the database is asked for, and an entry that names it follows: `done`,
 * `refused` with a code, or `unknown` when no answer came. What changes in the database alone is one entry, `done`.
 */
export const auditOutcomes = ['intended', 'done', 'refused', 'unknown'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** `{ before, after }` of an entry: what the action's schema names, without what stayed the same. */
export function auditDetail(action: AuditAction, facts: { before?: AuditFacts; after?: AuditFacts }): AuditDetail {
  const before = projected(action, facts.before);
  const after = projected(action, facts.after);
  if (facts.before === undefined || facts.after === undefined) return { before, after };
  const same = Object.keys(after).filter((key) => JSON.stringify(before[key]) === JSON.stringify(after[key]));
  for (const key of same) {
    delete before[key];
    delete after[key];
  }
  return { before, after };
}

export interface AuditDetail {
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
}

function projected(action: AuditAction, facts: AuditFacts | undefined): Record<string, unknown> {
  const parsed: Record<string, unknown> = auditActions[action].parse(facts ?? {});
  return Object.fromEntries(
    Object.keys(parsed)
      .filter((key) => parsed[key] !== undefined)
      .sort()
      .map((key) => [key, parsed[key]]),
  );
}

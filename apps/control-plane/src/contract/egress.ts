/**
 * The network policy of an assistant as owner, API and cell agree on it. The cell stores it and decides by it; hosts and
 * paths are brought into one spelling there, and a policy that cannot be is refused.
 */
import { z } from 'zod';
import { UserId } from './ids.ts';

export const egressPresets = ['locked', 'balanced', 'open'] as const;
export const EgressPreset = z.enum(egressPresets);
export type EgressPreset = z.infer<typeof EgressPreset>;

export const egressMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export const EgressMethod = z.enum(egressMethods);
export type EgressMethod = z.infer<typeof EgressMethod>;

export const egressRulesMax = 200;

/** One rule of the owner's list. The first that matches decides. */
export const EgressRuleDraft = z.strictObject({
  /** A host, or `*.` and a domain: its subdomains, not itself. */
  host: z.string().trim().min(1).max(255),
  /** Empty = every method. GET includes HEAD. */
  methods: z.array(EgressMethod).max(egressMethods.length).default([]),
  /** Whole segments: `/repos` matches `/repos` and `/repos/x`, not `/reposx`. */
  pathPrefix: z.string().max(500).startsWith('/').default('/'),
  effect: z.enum(['allow', 'deny', 'ask']),
  note: z.string().max(200).default(''),
});
export type EgressRuleDraft = z.infer<typeof EgressRuleDraft>;

export const EgressRule = EgressRuleDraft.extend({ id: z.string().min(1).max(40) });
export type EgressRule = z.infer<typeof EgressRule>;

export const egressVerdicts = ['once', 'always', 'never'] as const;
export const EgressVerdict = z.enum(egressVerdicts);
export type EgressVerdict = z.infer<typeof EgressVerdict>;

/** What the owner answered about a refused host. Comes before the rules: it is the later, more particular word. */
export const EgressApproval = z.object({
  id: z.string().min(1).max(40),
  host: z.string().max(255),
  /** Null = every method. */
  method: EgressMethod.nullable(),
  verdict: EgressVerdict,
  byUserId: UserId,
  atMs: z.number().int(),
  /** When `once` ends; null for the others. */
  expiresAtMs: z.number().int().nullable(),
});
export type EgressApproval = z.infer<typeof EgressApproval>;

export const EgressPolicy = z.object({
  /** Rises with every change of preset, rules or approvals. */
  version: z.number().int().min(0),
  preset: EgressPreset,
  rules: z.array(EgressRule).max(egressRulesMax),
  approvals: z.array(EgressApproval).max(500),
  updatedAtMs: z.number().int(),
  updatedBy: z.string().max(64).nullable(),
});
export type EgressPolicy = z.infer<typeof EgressPolicy>;

export const EgressEffect = z.enum(['allow', 'inject', 'ask', 'deny']);
export type EgressEffect = z.infer<typeof EgressEffect>;

/** What became of one request and which rule decided. */
export const EgressRuling = z.object({
  effect: EgressEffect,
  /** `platform:…`, `approval:<id>`, `rule:<id>` or `preset:<name>/…`. */
  rule: z.string().max(120),
  reason: z.string().max(64),
  /** The same in a sentence. */
  detail: z.string().max(400),
});
export type EgressRuling = z.infer<typeof EgressRuling>;

/** Refused requests of one kind, counted. */
export const EgressDenied = z.object({
  host: z.string().max(255),
  method: z.string().max(20),
  pathPrefix: z.string().max(120),
  rule: z.string().max(120),
  reason: z.string().max(64),
  /** False where nobody can allow it: our own zones, addresses that are not public. */
  canAllow: z.boolean(),
  count: z.number().int().min(1),
  firstAtMs: z.number().int(),
  lastAtMs: z.number().int(),
});
export type EgressDenied = z.infer<typeof EgressDenied>;

/** How long and how much of the log is kept; the oldest goes first. Counts per host and day are kept as long. */
export const egressKept = { days: 30, logEntries: 5_000 } as const;

export const EgressLogEntry = z.object({
  seq: z.number().int().min(1),
  atMs: z.number().int(),
  host: z.string().max(255),
  method: z.string().max(20),
  /** Without query; what looks like a token is left out. */
  path: z.string().max(200),
  effect: EgressEffect,
  rule: z.string().max(120),
  reason: z.string().max(64),
  /** The answer's status; null when none came. */
  status: z.number().int().nullable(),
  bytesOut: z.number().int().min(0),
  bytesIn: z.number().int().min(0),
});
export type EgressLogEntry = z.infer<typeof EgressLogEntry>;

/** One host on one UTC day. */
export const EgressTraffic = z.object({
  day: z.iso.date(),
  host: z.string().max(255),
  allowed: z.number().int().min(0),
  denied: z.number().int().min(0),
  bytesOut: z.number().int().min(0),
  bytesIn: z.number().int().min(0),
});
export type EgressTraffic = z.infer<typeof EgressTraffic>;

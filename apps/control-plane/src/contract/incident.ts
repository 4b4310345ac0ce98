/**
 * The post-mortem record of one recovery, as the tenant keeps it and the customer reads it. Absolute: a higher `version` of
 * the same `seq` replaces a lower one. Codes only, no sentences; the pages put them into words.
 */
import { z } from 'zod';

export const incidentKinds = [
  /** The gateway ended or stopped answering; its container and disk are whole. */
  'gateway_lost',
  /** The container is gone, or has not answered for long. */
  'run_lost',
  'start_failed',
  /** The state could not be saved before a sleep or a restart, so the assistant goes on. */
  'drain_failed',
  /** An older run holds what could not be saved. */
  'rescue_failed',
  /** OpenClaw refused the settings, or was stopped by them. */
  'config_refused',
  /** The newest saved state did not read back; the one before it was taken. */
  'snapshot_unreadable',
] as const;
export type IncidentKind = (typeof incidentKinds)[number];

export const incidentSteps = [
  'container_replaced',
  'restored',
  'gateway_started',
  'last_good_config',
  'refused_config',
  'attempt_failed',
  'snapshot_passed_over',
  'unsaved_given_up',
  'asked_person',
  'person_restarted',
  'person_restored',
] as const;
export type IncidentStepCode = (typeof incidentSteps)[number];

const atMs = z.number().int();

export const incidentStepsMax = 32;
/** Characters of OpenClaw's own words, and of the end of its log. */
export const incidentWordsMax = 500;
export const incidentLogMax = 4_000;

export const Incident = z.object({
  seq: z.number().int().min(1),
  version: z.number().int().min(1),
  kind: z.enum(incidentKinds),
  /** Why a start failed, or why a person was asked; a code with a runbook section. */
  code: z.string().max(64).nullable(),
  /** What OpenClaw or the keeper said, nothing in it that looks like a credential. */
  words: z.string().max(incidentWordsMax).nullable(),
  /** The end of the log, kept when a person is asked. */
  logTail: z.string().max(incidentLogMax).nullable(),
  lastSeenOkAtMs: atMs.nullable(),
  /** When it ended by the container's clock, where something was left to see it. */
  brokeAtMs: atMs.nullable(),
  noticedAtMs: atMs,
  /** What was done, in order. When it is more than fits, the first is kept and the oldest after it are dropped. */
  steps: z
    .array(z.object({ code: z.enum(incidentSteps), atMs, snapshotId: z.string().max(64).nullable() }))
    .max(incidentStepsMax),
  endedAtMs: atMs.nullable(),
  /** `taken_over`: suspended or deleted before it recovered. Null while it goes on. */
  outcome: z.enum(['recovered', 'taken_over']).nullable(),
  fromIncarnation: z.number().int().min(0),
  toIncarnation: z.number().int().min(0),
  /** Null = nothing was lost. Else what was written after `sinceMs` is gone; null there = everything, nothing had been saved. */
  lost: z.object({ sinceMs: atMs.nullable() }).nullable(),
});
export type Incident = z.infer<typeof Incident>;

/**
 * An incident in plain words: what failed, when it was seen, what was done, what was lost. Pure; times are formatted in
 * the viewer's zone, which tests pass in.
 */
import type { Incident, IncidentKind, IncidentStepCode } from '../../../control-plane/src/contract/incident.ts';
import { formatClock, formatDateTime, formatDuration, type FormatOptions } from '../ui/format.ts';

const titles: Record<IncidentKind, string> = {
  gateway_lost: 'The assistant’s process ended unexpectedly',
  run_lost: 'The assistant’s container was lost',
  start_failed: 'The assistant did not start at once',
  drain_failed: 'The assistant could not be saved before it stopped',
  rescue_failed: 'What the assistant last wrote could not be saved',
  config_refused: 'OpenClaw refused the settings',
  snapshot_unreadable: 'A snapshot could not be read back',
};

const steps: Record<IncidentStepCode, string> = {
  container_replaced: 'Started a new container',
  restored: 'Restored the newest snapshot',
  gateway_started: 'Started OpenClaw in place',
  last_good_config: 'Started OpenClaw from the last settings that worked',
  refused_config: 'Started OpenClaw from the settings that were set aside',
  attempt_failed: 'The start failed',
  snapshot_passed_over: 'Passed over the snapshot for the one before it',
  unsaved_given_up: 'Gave up what could not be saved',
  asked_person: 'Stopped trying, and asked for a person',
  person_restarted: 'Somebody restarted it',
  person_restored: 'Somebody chose a snapshot to restore',
};

export const incidentTitle = (kind: IncidentKind): string => titles[kind];
export const incidentStep = (code: IncidentStepCode): string => steps[code];

/** From the end of the process, where it was seen, else from the last sign of life, to being noticed. */
export function noticedSentence(incident: Incident, options: FormatOptions = {}): string {
  const { brokeAtMs, lastSeenOkAtMs, noticedAtMs } = incident;
  if (brokeAtMs !== null)
    return `It ended at ${formatClock(brokeAtMs, options)} and was noticed after ${formatDuration(noticedAtMs - brokeAtMs)}.`;
  const noticed = `noticed at ${formatClock(noticedAtMs, options)}`;
  if (lastSeenOkAtMs === null || lastSeenOkAtMs > noticedAtMs) return `It was ${noticed}.`;
  return `It was last seen well at ${formatClock(lastSeenOkAtMs, options)}; ${noticed}.`;
}

export function outcomeSentence({ outcome, endedAtMs, noticedAtMs }: Incident): string {
  if (outcome === null || endedAtMs === null) return 'It is not well yet.';
  if (outcome === 'taken_over') return 'It was suspended or deleted before it was well again.';
  return `It was well again after ${formatDuration(endedAtMs - noticedAtMs)}.`;
}

export function lostSentence({ lost, outcome }: Incident, options: FormatOptions = {}): string {
  if (lost === null) return outcome === null ? 'Nothing is lost so far.' : 'Nothing was lost.';
  if (lost.sinceMs === null) return 'It had never been saved before: what it wrote until then is lost.';
  return `What it wrote after ${formatDateTime(lost.sinceMs, options)} could not be saved and is lost.`;
}

/** The settings that were set aside can be used again: they were the last thing that a recovery took away. */
export function canGoBack(incident: Incident): boolean {
  return incident.outcome === 'recovered' && incident.steps.some(({ code }) => code === 'last_good_config');
}

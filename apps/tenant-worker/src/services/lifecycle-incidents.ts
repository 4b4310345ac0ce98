/**
 * Keeps the record of a recovery while the lifecycle carries it out. Every function runs in the turn of the write that it
 * is about, so that a crash leaves both or neither; what is told of it goes into the outbox in the same turn.
 */
import type { Incident, IncidentStepCode } from '../../../control-plane/src/contract/incident.ts';
import { incidentLogMax, incidentWordsMax } from '../../../control-plane/src/contract/incident.ts';
import type { RestartSettings } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { IncidentNews } from '../core/lifecycle/incident.ts';
import { incidentNews, outcomeIn, withLoss, withStep } from '../core/lifecycle/incident.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { TenantEvent } from '../core/lifecycle/state.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What an event means for it. Called before anything of the event is written: `before` is the record that it met. */
export function noteEvent(lifecycle: Lifecycle, before: TenantRecord, event: TenantEvent, after: TenantRecord): void {
  note(lifecycle, incidentNews(before.state, event, after.state), { before, after });
}

/** Adds what is being done to the incident that is open, when one is. */
export function noteDone(lifecycle: Lifecycle, code: IncidentStepCode, snapshotId: string | null = null): void {
  const open = lifecycle.deps.incidents.open();
  const record = lifecycle.deps.store.read();
  if (open === null || record === null) return;
  tell(lifecycle, record, lifecycle.deps.incidents.change(stepped(lifecycle, open, record, code, snapshotId)));
}

/** A gateway is asked for. One from other settings than are set is part of a recovery: OpenClaw refused them, or a person chose. */
export function noteStart(lifecycle: Lifecycle, record: TenantRecord, settings: RestartSettings): void {
  if (settings === 'current') return noteDone(lifecycle, 'gateway_started');
  if (settings === 'refused') return noteDone(lifecycle, 'refused_config');
  if (record.startSettings === 'last_good') return noteDone(lifecycle, 'last_good_config');
  const news: IncidentNews = { kind: 'config_refused', code: 'config_invalid', did: ['last_good_config'] };
  note(lifecycle, news, { before: record, after: record });
}

/** A saved state does not read back, and the next start takes another one. */
export function notePassedOver(lifecycle: Lifecycle, id: string, lost: 'nothing' | 'since_newest'): void {
  const record = lifecycle.deps.store.read();
  if (record === null) return;
  const news: IncidentNews = {
    kind: 'snapshot_unreadable',
    code: 'snapshot_unreadable',
    did: ['snapshot_passed_over'],
  };
  note(lifecycle, news, { before: record, after: record, snapshotId: id, lost: lost === 'since_newest' });
}

/** What a run held and no snapshot has is given up now. */
export function noteLost(lifecycle: Lifecycle): void {
  const record = lifecycle.deps.store.read();
  if (record === null || record.spec.desired === 'deleted') return;
  const news: IncidentNews = { kind: 'run_lost', code: null, did: ['unsaved_given_up'] };
  note(lifecycle, news, { before: record, after: record, lost: true });
}

interface Noted {
  readonly before: TenantRecord;
  readonly after: TenantRecord;
  readonly snapshotId?: string;
  readonly lost?: boolean;
}

function note(lifecycle: Lifecycle, news: IncidentNews, { before, after, snapshotId, lost }: Noted): void {
  const { incidents, snapshots, clock } = lifecycle.deps;
  const known = incidents.open();
  const outcome = outcomeIn(after.state);
  if (known === null && news.kind === null) return;
  if (known !== null && news.kind === null && news.did.length === 0 && outcome === null) return;
  let incident = known ?? incidents.begin(begun(lifecycle, before, news));
  for (const code of news.did) incident = stepped(lifecycle, incident, after, code, snapshotId ?? null);
  if (lost === true) incident = withLoss(incident, snapshots.newest()?.begunAtMs ?? null);
  const wordsMatter = news.did.includes('asked_person') || news.did.includes('last_good_config');
  if (wordsMatter) incident = withWords(lifecycle, { ...incident, code: news.code });
  if (outcome !== null) incident = { ...incident, outcome, endedAtMs: clock.nowMs() };
  tell(lifecycle, after, incidents.change({ ...incident, toIncarnation: incarnationOf(after.state) }));
}

function begun(
  lifecycle: Lifecycle,
  record: TenantRecord,
  { kind, code }: IncidentNews,
): Omit<Incident, 'seq' | 'version'> {
  const { store, clock } = lifecycle.deps;
  const incarnation = incarnationOf(record.state);
  const noticedAtMs = clock.nowMs();
  const brokeAtMs = lifecycle.volatile.seen?.exitAtMs ?? null;
  return {
    kind: kind ?? 'run_lost',
    code,
    words: clip(lifecycle.volatile.seen?.words ?? null, incidentWordsMax),
    logTail: null,
    lastSeenOkAtMs: store.lastSeenOkAtMs(incarnation),
    // The container's clock: one that is ahead says nothing.
    brokeAtMs: brokeAtMs === null || brokeAtMs > noticedAtMs ? null : brokeAtMs,
    noticedAtMs,
    steps: [],
    endedAtMs: null,
    outcome: null,
    fromIncarnation: incarnation,
    toIncarnation: incarnation,
    lost: null,
  };
}

function stepped(
  { deps }: Lifecycle,
  incident: Incident,
  record: TenantRecord,
  code: IncidentStepCode,
  snapshotId: string | null,
): Incident {
  const next = withStep(incident, { code, atMs: deps.clock.nowMs(), snapshotId });
  return { ...next, toIncarnation: incarnationOf(record.state) };
}

/** The last words of what failed, for the person who is asked. */
function withWords(lifecycle: Lifecycle, incident: Incident): Incident {
  const { seen } = lifecycle.volatile;
  if (seen === null) return incident;
  return {
    ...incident,
    words: clip(seen.words, incidentWordsMax) ?? incident.words,
    logTail: seen.logTail === null || seen.logTail === '' ? null : seen.logTail.slice(-incidentLogMax),
  };
}

const clip = (text: string | null, max: number): string | null => (text === null ? null : text.slice(0, max));

function tell({ deps }: Lifecycle, { tenantId, slug }: TenantRecord, incident: Incident): void {
  deps.outbox.put(`incident:${incident.seq}`, { tenantId, slug, kind: 'incident', incident }, deps.clock.nowMs());
}

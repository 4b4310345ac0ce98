/**
 * What must hold, whatever goes wrong. Called from the fakes at the moment something happens, and after every event; a
 * broken promise is noted with its time, and the run ends there. The checks know the truth of the world, not the code's own
 * counters.
 */
import {
  TenantReport as TenantReportSchema,
  type TenantReport,
} from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import * as limits from '../../apps/tenant-worker/src/core/limits.ts';
import { parseRecord, type TenantRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';
import { incarnationOf } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';
import { text, textOrNull } from '../../apps/tenant-worker/src/modules/row.ts';
import { recentKept } from '../../apps/tenant-worker/src/core/snapshots/retention.ts';
import { alarmMissing, recoveriesUntold, savedTooEarly } from './checks-at-rest.ts';
import type { Entries, FakeContainer } from './fake-container.ts';
import { CallPace } from './call-pace.ts';
import { RunTries } from './run-tries.ts';
import { SleepChecks } from './sleep-checks.ts';
import type { World } from './world.ts';

export interface Violation {
  readonly atMs: number;
  readonly rule: string;
  readonly detail: string;
}

interface Stored {
  readonly writes: number;
  /** Incarnations of open runs. */
  readonly open: readonly number[];
  /** Ids of operations under way. */
  readonly unfinished: readonly string[];
  readonly text: string;
  readonly record: TenantRecord | null;
}

export class Checks {
  readonly violations: Violation[] = [];
  /** Contents of snapshots that the index calls complete and nothing harmed. */
  readonly completed = new Map<string, Entries>();
  /** The newest of them is the last. */
  #newest: string[] = [];
  /** The same with those that R2 harmed: nobody knows until they are read. */
  #kept: string[] = [];
  readonly #harmed = new Set<string>();
  /** What the next start goes on from is the last; each goes on from the one before it. */
  #line: string[] = [];
  #replacedLine: string[] = [];
  readonly #parents = new Map<string, string | null>();
  /** Runs up to here are of a replaced state. */
  #floor = 0;
  /** What a restore must bring back. */
  #required = new Set<number>();
  /** What was in any of them, harmed or not: nobody can know of a harm before a restore. */
  readonly #everSaved = new Set<number>();
  readonly #tries: RunTries;
  readonly sleep: SleepChecks;
  readonly #world: World;
  readonly #pace: CallPace;
  #actionsInRound = 0;
  #last: TenantReport | null = null;
  #judged: TenantRecord | null = null;
  readonly #awakeMs = new Map<string, number>();
  #generation = 0;
  /** What the SQLite held at a count of writes. */
  #read: Stored = { writes: 0, open: [], unfinished: [], text: '', record: null };

  constructor(world: World) {
    this.#world = world;
    this.sleep = new SleepChecks(world);
    this.#pace = new CallPace(world);
    this.#tries = new RunTries(world);
  }

  fail(rule: string, detail: string): void {
    this.violations.push({ atMs: this.#world.time.nowMs, rule, detail });
    this.#world.trace(() => `VIOLATION ${rule}: ${detail}`);
  }

  /** The stored record, or null before provisioning. */
  record(): TenantRecord | null {
    const { sql, writes } = this.#world;
    if (writes === this.#read.writes) return this.#read.record;
    const stored = sql.exec('SELECT record FROM tenant WHERE id = 1')[0]?.['record'];
    const open = sql.exec('SELECT incarnation AS n FROM run WHERE ended_at_ms IS NULL').map((row) => Number(row['n']));
    // But for one that a person waits for while the assistant goes on working.
    const ofLifecycle = "finished = 0 AND json_extract(body, '$.kind') NOT IN ('upgrade', 'snapshot')";
    const unfinished = sql.exec(`SELECT id FROM operation WHERE ${ofLifecycle}`).map((row) => text(row, 'id'));
    const known = typeof stored !== 'string' || stored === this.#read.text;
    if (known) this.#read = { ...this.#read, writes, open, unfinished };
    else this.#read = { writes, open, unfinished, text: stored, record: parseRecord(stored) };
    return this.#read.record;
  }

  get deletionBegan(): boolean {
    const state = this.record()?.state;
    return state?.kind === 'deleting' || (state?.kind === 'draining' && state.then === 'deleting');
  }

  // --- gateways ----------------------------------------------------------------------------------------------------

  gatewayStarts(container: FakeContainer): void {
    const others = this.#containers().filter((other) => other !== container && other.gatewayAlive);
    const unfenced = others.filter((other) => this.#destroyTries(other.incarnation) < limits.destroyTriesMax);
    if (unfenced.length > 0) {
      this.fail('one gateway', `${container.incarnation} starts while ${unfenced[0]?.incarnation} is alive`);
    }
    if (!container.hasState && this.completed.size > 0) this.fail('never blank', `run ${container.incarnation}`);
    const missing = [...this.#required].filter((entry) => !container.entries.includes(entry));
    if (missing.length > 0) this.fail('saved is kept', `run ${container.incarnation} lacks ${missing.join()}`);
  }

  #containers(): FakeContainer[] {
    return [...this.#world.sandboxes.values()].flatMap(({ container }) =>
      container?.running === true ? [container] : [],
    );
  }

  #destroyTries(incarnation: number): number {
    const row = this.#world.sql.exec('SELECT destroy_tries AS n FROM run WHERE incarnation = ?', incarnation)[0];
    return Number(row?.['n'] ?? 0);
  }

  // --- what was written ----------------------------------------------------------------------------------------------

  /** A disk is about to be replaced. */
  restoring(container: FakeContainer, entries: Entries): void {
    const lost = container.entries.filter((entry) => !entries.includes(entry) && !this.#required.has(entry));
    if (lost.length > 0) this.fail('restore over unsaved', `run ${container.incarnation} loses ${lost.join()}`);
  }

  /** A running container is about to be destroyed by us. */
  destroying(container: FakeContainer, why: string): void {
    const lost = container.entries.filter((entry) => !this.#everSaved.has(entry));
    const desired = this.record()?.spec.desired;
    if (lost.length === 0 || desired === 'deleted' || this.deletionBegan) return;
    const tries = this.#tries.of(container.incarnation);
    if (tries.givenUp) return;
    this.fail(
      'unsaved is not given up',
      `run ${container.incarnation} is destroyed (${why}) with ${lost.join()}: ${JSON.stringify(tries)}`,
    );
  }

  /** The index calls a snapshot complete. */
  saved(id: string, outcome: 'promoted' | 'aside'): void {
    const row = this.#world.sql.exec('SELECT incarnation AS n FROM snapshot WHERE id = ?', id)[0];
    this.#tries.saved(Number(row?.['n']));
    const data = this.#world.bucket.data.get(id);
    // R2 may harm it between the read-back and here.
    for (const entry of this.#world.bucket.readBack.get(id) ?? []) this.#everSaved.add(entry);
    if (data === undefined) {
      // Nobody knows of the harm yet: retention counts it.
      this.#kept.push(id);
      return this.#harmed.has(id) ? undefined : this.fail('complete', `${id} has no data`);
    }
    if (!this.#world.bucket.manifests.has(id)) this.fail('complete', `${id} has no manifest`);
    const late = Number(row?.['n']) <= this.#floor;
    if (!late) {
      const lost = [...this.#required].filter((entry) => !data.entries.includes(entry));
      if (lost.length > 0) this.fail('never a worse snapshot', `${id} lacks ${lost.join()}`);
    }
    // Nothing here loses half of what it had.
    if (outcome === 'aside') this.fail('set aside', id);
    this.#parents.set(id, late ? null : (this.#line.at(-1) ?? null));
    if (!late) this.#line.push(id);
    this.#kept.push(id);
    if (this.#harmed.has(id)) return;
    this.completed.set(id, data.entries);
    if (late) return;
    this.#newest.push(id);
    this.#requireLine();
  }

  /** R2 lost or damaged an object: nobody can bring back what only it had. */
  harmed(id: string): void {
    this.#harmed.add(id);
    if (!this.completed.delete(id)) return;
    this.#newest = this.#newest.filter((known) => known !== id);
    this.#requireLine();
  }

  /** What the line of the next start holds, as far as it was not harmed. */
  #requireLine(): void {
    this.#required = new Set(this.#line.flatMap((id) => this.completed.get(id) ?? []));
  }

  #lineOf(id: string): string[] {
    const line: string[] = [];
    for (let at: string | null = id; at !== null; at = this.#parents.get(at) ?? null) line.unshift(at);
    return line;
  }

  /** The next start restores an earlier one; what was there until now must stay within reach. */
  switched(chosen: string, incarnation: number): void {
    const marker = this.#world.sql.exec('SELECT replaced FROM snapshot_restore')[0] ?? {};
    const replaced = textOrNull(marker, 'replaced') ?? 'none';
    const kept = this.completed.get(replaced) ?? [];
    const lost = [...this.#required].filter((entry) => !kept.includes(entry));
    if (lost.length > 0 && !this.#harmed.has(replaced) && this.#harmed.size === 0)
      this.fail('the replaced state is kept', `${replaced} lacks ${lost.join()}`);
    this.#replacedLine = this.#line;
    this.#line = this.#lineOf(chosen);
    this.#floor = incarnation;
    this.#requireLine();
    // The newest of the line is what retention must keep.
    this.#newest = this.#line.filter((id) => this.completed.has(id));
  }

  /** The chosen one could not be read: the replaced state is what is wanted again. */
  wentBack(id: string): void {
    if (!this.#harmed.has(id)) this.fail('unreadable', `${id} was not harmed`);
    this.#line = this.#replacedLine;
    this.#requireLine();
    this.#newest = this.#line.filter((known) => this.completed.has(known));
  }

  removing(id: string): void {
    const kind = this.record()?.state.kind;
    if (kind === 'deleting') return;
    const restore = this.#world.sql.exec('SELECT chosen, replaced, stage FROM snapshot_restore')[0];
    const both = [restore?.['chosen'], restore?.['replaced']];
    if (both.includes(id) && (restore?.['stage'] === 'saving' || restore?.['stage'] === 'waiting'))
      this.fail('the replaced state is kept', `${id} is removed`);
    if (this.#newest.at(-1) === id) this.fail('the newest is kept', id);
    const newer = this.#kept.length - 1 - this.#kept.indexOf(id);
    if (this.#kept.includes(id) && newer < recentKept) this.fail('retention', `only ${newer} are newer than ${id}`);
    this.#kept = this.#kept.filter((known) => known !== id);
    this.completed.delete(id);
    this.#newest = this.#newest.filter((known) => known !== id);
  }

  removingAll(): void {
    const kind = this.record()?.state.kind;
    if (kind !== 'deleting' && kind !== 'deleted') this.fail('erase', `everything is removed while ${kind}`);
    this.completed.clear();
    this.#newest = [];
    this.#line = [];
    this.#required.clear();
  }

  // --- calls -----------------------------------------------------------------------------------------------------------

  calling(incarnation: number, name: string): void {
    const record = this.record();
    this.#tries.calling(incarnation, name);
    const current = record === null ? 0 : incarnationOf(record.state);
    if (incarnation === current) return;
    const allowed =
      name === 'look' || name === 'claim' || name === 'stopGateway' || name === 'snapshot' || name === 'destroy';
    if (incarnation > current || !allowed) this.fail('fence', `${name} of run ${incarnation} while at ${current}`);
  }

  answered(incarnation: number, name: string, answer: unknown, tookMs: number): void {
    this.#tries.answered(incarnation, name, answer, tookMs);
  }

  unanswered(incarnation: number, name: string): void {
    this.#tries.unanswered(incarnation, name);
  }

  called(name: string): void {
    this.#pace.called(name);
  }

  /** A new life of the object knows nothing of pauses; the platform spaces those lives itself. */
  objectDied(): void {
    this.#pace.forget();
  }

  /** A round sets its alarm, at its beginning and at its end. */
  round(): void {
    this.#actionsInRound = 0;
  }

  logged(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (event === 'lifecycle.state') this.#changed(String(fields['event']), String(fields['from']));
    if (event !== 'lifecycle.action' && event !== 'lifecycle.action_failed') return;
    if (++this.#actionsInRound > limits.actionsPerActivationMax)
      this.fail('bounded rounds', `${this.#actionsInRound} actions`);
  }

  #changed(event: string, from: string): void {
    this.sleep.changed(event);
    const decided = event === 'restart_wanted' || event === 'restore_wanted';
    if (decided && from === 'needs_operator') this.#tries.wordGiven();
  }

  applied(generation: number, accepted: boolean): void {
    if (accepted && generation < this.#generation) this.fail('generation', `${generation} after ${this.#generation}`);
    if (accepted) this.#generation = Math.max(this.#generation, generation);
  }

  // --- what the tenant says of itself ------------------------------------------------------------------------------------

  report(report: TenantReport): void {
    const parsed = TenantReportSchema.safeParse(report);
    if (!parsed.success) this.fail('report', parsed.error.message);
    const last = this.#last;
    this.#last = report;
    const { period, awakeMs } = report.usage;
    if (awakeMs < (this.#awakeMs.get(period) ?? 0))
      this.fail('usage never falls', `${awakeMs} after ${this.#awakeMs.get(period)}`);
    this.#awakeMs.set(period, awakeMs);
    const total = [...this.#awakeMs.values()].reduce((sum, ms) => sum + ms, 0);
    const up = this.#world.upMs + this.#containers().reduce((sum, container) => sum + container.runningUpMs, 0);
    if (total > up + this.#world.clockJumps * limits.awakeGapMaxMs) this.fail('awake time', `${total} ms of ${up} ms`);
    this.#judge('saved at', savedTooEarly(this.#world, this.completed, report));
    if (last === null) return;
    if (report.version < last.version) this.fail('version', `${report.version} after ${last.version}`);
    if (report.generation < last.generation) this.fail('generation', `${report.generation} after ${last.generation}`);
    if (report.state === 'deleted' ? false : last.state === 'deleted') this.fail('deleted for ever', report.state);
    if (report.state !== 'deleted' && report.incarnation < last.incarnation) {
      this.fail('incarnation', `${report.incarnation} after ${last.incarnation}`);
    }
  }

  // --- after every event -------------------------------------------------------------------------------------------------

  settled(): void {
    const record = this.record();
    if (record === null) return;
    for (const { incarnation, container } of this.#world.sandboxes.values()) {
      if (container?.running !== true || this.#read.open.includes(incarnation)) continue;
      this.fail('no orphan', `container ${incarnation} runs and has no open run`);
    }
    const { kind } = record.state;
    const rests = kind === 'asleep' || kind === 'awake' || kind === 'suspended' || kind === 'needs_operator';
    if ((rests || kind === 'deleted') && this.#read.unfinished.length > 0) {
      this.fail('operations end', `${this.#read.unfinished.join()} under way while ${kind}`);
    }
    this.#judge('alarm', alarmMissing(this.#world, record));
    if (record === this.#judged) return;
    this.#judged = record;
    this.#judge('recoveries are told', recoveriesUntold(this.#world, record, this.#read.open, this.#everSaved));
  }

  #judge(rule: string, wrong: string | null): void {
    if (wrong !== null) this.fail(rule, wrong);
  }
}

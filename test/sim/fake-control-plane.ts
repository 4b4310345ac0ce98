/**
 * The queue and the control plane behind it: events come late, twice and in any order; acknowledgements come late and
 * twice; commands are repeated, and old ones come again. It keeps what a projection keeps: the newest report, the newest
 * word on each operation.
 */
import type { Incident } from '../../apps/control-plane/src/contract/incident.ts';
import type {
  CommandToTenant,
  Operation,
  RestartSettings,
  TenantReport,
  TenantSpec,
} from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import { TenantEvent } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { Result } from '../../apps/control-plane/src/contract/result.ts';
import { OperationId, TenantId, ulidFrom } from '../../apps/control-plane/src/contract/ids.ts';
import type { TenantRecord } from '../../apps/tenant-worker/src/core/lifecycle/record.ts';
import * as commands from '../../apps/tenant-worker/src/services/tenant-commands.ts';
import type { TenantObject } from './tenant-object.ts';
import type { World } from './world.ts';

const body = '00000000000000000000000001';
const ref = { tenantId: TenantId.parse(`ten_${body}`), slug: 'nora-7f3k' };

type Send = () => void;

export class FakeControlPlane {
  spec: TenantSpec;
  generation = 1;
  report: TenantReport | null = null;
  readonly operations = new Map<string, { readonly seq: number; readonly operation: Operation }>();
  readonly incidents = new Map<number, Incident>();
  /** Ids of operations that the tenant accepted. */
  readonly accepted = new Set<string>();
  /**
   * What is away: the queue takes nothing, or what it takes is never applied (the consumer fails until the queue gives up).
   */
  away: 'queue' | 'consumer' | null = null;
  /** Numbers of what was applied, as it came. */
  readonly arrived: number[] = [];
  /** Commands that are still to come once more. */
  underWay = 0;
  readonly #seen = new Map<number, string>();
  readonly #sent: Send[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.spec = {
      displayName: 'Nora',
      desired: 'active',
      members: [{ userId: 'user1', role: 'owner' }],
      release: '2026.9.6',
      pinned: false,
      size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
      idleSleepMs: world.random.pick([60_000, 120_000, 600_000]),
      keepAwake: world.random.chance(0.1),
      models: { primary: 'a/b', utility: 'a/b' },
      aiCapNanoUsdPerMonth: 1_000_000_000,
    };
  }

  // --- events up ---------------------------------------------------------------------------------------------------

  async enqueue(events: readonly TenantEvent[]): Promise<void> {
    const { time, random } = this.#world;
    await time.sleep(random.between(1, 20));
    if (this.away === 'queue') throw new Error('the queue is away');
    for (const event of events) {
      const text = JSON.stringify(event);
      const times = this.#world.faults('eventTwice') ? 2 : 1;
      for (let i = 0; i < times; i++) {
        if (this.#world.faults('eventLost')) continue;
        time.after(random.between(5, 3_000), () => this.#receive(text));
      }
    }
  }

  #receive(text: string): void {
    if (this.away !== null) return;
    const event = TenantEvent.parse(JSON.parse(text));
    const known = this.#seen.get(event.seq);
    if (known !== undefined && known !== text) this.#world.checks.fail('outbox', `two events of seq ${event.seq}`);
    this.#seen.set(event.seq, text);
    this.arrived.push(event.seq);
    switch (event.kind) {
      case 'report':
        if (this.report === null || event.report.version >= this.report.version) this.report = event.report;
        break;
      case 'operation': {
        const newest = this.operations.get(event.operation.id);
        if (newest === undefined || event.seq > newest.seq) {
          this.operations.set(event.operation.id, { seq: event.seq, operation: event.operation });
        }
        break;
      }
      case 'incident': {
        const newest = this.incidents.get(event.incident.seq);
        if (newest === undefined || event.incident.version > newest.version)
          this.incidents.set(event.incident.seq, event.incident);
        break;
      }
      case 'receipt':
      case 'spend':
        break;
    }
    const { time, random } = this.#world;
    const late = this.#world.faults('ackLate');
    time.after(late ? random.between(30_000, 600_000) : random.between(10, 500), () => {
      this.#acknowledge([event.seq]);
      if (late) this.#acknowledge([event.seq, event.seq]);
    });
  }

  #acknowledge(seqs: readonly number[]): void {
    const object = this.#world.tenant();
    if (commands.acknowledge(object.lifecycle, seqs).due) void object.activate();
  }

  // --- commands down -------------------------------------------------------------------------------------------------

  #operationId(): OperationId {
    const { time, random } = this.#world;
    return OperationId.parse(
      `op_${ulidFrom(
        time.wallMs,
        Uint8Array.from({ length: 10 }, () => random.between(0, 255)),
      )}`,
    );
  }

  /** Sends now; perhaps again at once, perhaps an old command much later. */
  #send(what: string, fn: (object: TenantObject) => Result<TenantRecord>, operationId: string | null): void {
    const world = this.#world;
    const send = (): void => {
      const object = world.tenant();
      const result = fn(object);
      world.trace(() => `command ${what}: ${result.ok ? result.value.state.kind : result.error.code}`);
      if (result.ok && operationId !== null) this.accepted.add(operationId);
      if (result.ok) void object.activate();
    };
    send();
    this.#sent.push(send);
    if (world.faults('commandTwice')) this.repeatLast(world.random.between(0, 5_000));
  }

  /** The last command arrives once more after `delayMs`. */
  repeatLast(delayMs: number): void {
    const last = this.#sent.at(-1);
    if (last === undefined) return;
    this.underWay++;
    this.#world.time.after(delayMs, () => {
      this.underWay--;
      last();
    });
  }

  /** An old command arrives again. */
  repeatOld(): void {
    const old = this.#sent[this.#world.random.between(0, Math.max(0, this.#sent.length - 1))];
    if (old === undefined) return;
    this.#world.trace(() => 'an old command comes again');
    old();
  }

  provision(): void {
    const operationId = this.#operationId();
    const { spec } = this;
    const command = { ...ref, generation: 1, operationId, spec };
    this.#send(
      'provision',
      ({ lifecycle }) => commands.provision(lifecycle, command, { kid: 'k1', wrapped: 'AAAA' }),
      operationId,
    );
  }

  want(desired: TenantSpec['desired']): void {
    this.spec = { ...this.spec, desired };
    const generation = ++this.generation;
    const { spec } = this;
    const operationId = desired === 'active' ? null : this.#operationId();
    this.#send(
      `want ${desired} (${generation})`,
      (object) => this.#applySpec(object, { ...ref, generation, operationId, spec }),
      operationId,
    );
  }

  #applySpec(
    { store, lifecycle }: TenantObject,
    command: Parameters<typeof commands.applySpec>[1],
  ): Result<TenantRecord> {
    const before = store.read()?.spec.keepAwake;
    const result = commands.applySpec(lifecycle, command);
    this.#world.checks.applied(command.generation, result.ok);
    if (before === false && store.read()?.spec.keepAwake === true) this.#world.checks.sleep.keepAwakeSwitchedOn();
    return result;
  }

  /** A person sets it to stay awake, or not to. */
  keepAwake(keepAwake: boolean): void {
    this.spec = { ...this.spec, keepAwake };
    this.want(this.spec.desired);
  }

  /** A person asks for a release: to upgrade, to try again, or to go back. */
  release(release: string): void {
    this.spec = { ...this.spec, release };
    const generation = ++this.generation;
    const { spec } = this;
    const operationId = this.#operationId();
    this.#send(
      `release ${release} (${generation})`,
      (object) => this.#applySpec(object, { ...ref, generation, operationId, spec }),
      operationId,
    );
  }

  command(kind: 'wake' | 'sleep' | 'restart', settings: RestartSettings = 'current'): void {
    const operationId = this.#operationId();
    this.#send(
      kind,
      ({ lifecycle }) =>
        commands.command(lifecycle, {
          ...ref,
          ...(kind === 'restart' ? { kind, settings } : { kind }),
          operationId,
        }),
      operationId,
    );
  }

  /** A person takes a snapshot, restores to one, or takes a restore back. Repeated much later, it means the same one. */
  snapshot(): void {
    this.#ask({ kind: 'snapshot', note: null });
  }

  restore(snapshotId: string): void {
    this.#ask({ kind: 'restore', snapshotId });
  }

  undoRestore(): void {
    this.#ask({ kind: 'undo_restore' });
  }

  #ask(what: CommandToTenant): void {
    const operationId = this.#operationId();
    this.#send(
      JSON.stringify(what),
      ({ lifecycle }) => commands.command(lifecycle, { ...ref, ...what, operationId }),
      operationId,
    );
  }

  /** A person opens the page, in whatever state the tenant is. */
  visit(): void {
    const { lifecycle } = this.#world.tenant();
    lifecycle.apply({ type: 'wake_wanted', nowMs: this.#world.time.wallMs, why: 'navigation' });
    void this.#world.tenant().activate();
  }
}

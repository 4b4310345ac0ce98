/**
 * The composition root of one tenant's object: its modules over its SQLite, wired once per life of the object.
 * Schema steps run here, so nothing is written for a label that names no tenant.
 */
import type { CellKeys } from '../adapters/cell-keys.ts';
import { logEvent } from '../adapters/log.ts';
import { durableObjectSql } from '../adapters/do-sql.ts';
import { GatheringReader } from '../adapters/gathering-reader.ts';
import { sandboxPort } from '../adapters/sandbox-port.ts';
import { scratchPort } from '../adapters/scratch-port.ts';
import { removeImport } from '../adapters/import-objects.ts';
import { r2SnapshotObjects } from '../adapters/snapshot-objects.ts';
import { systemClock, systemIds, systemTimers } from '../adapters/system.ts';
import { createAiDispatch } from '../ai/dispatch.ts';
import type { AiDispatch } from '../ai/dispatch.ts';
import { createPayments } from '../ai/payment.ts';
import { createReconciler } from '../ai/reconcile.ts';
import type { Reconciler } from '../ai/reconcile.ts';
import { chooseUpstream } from '../ai/upstream.ts';
import { chooseWitness } from '../ai/witness.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { modelChoices } from '../core/metering/model-choices.ts';
import { whoPays } from '../core/metering/payer.ts';
import { priceTableAt, priceTables } from '../core/metering/price-table.ts';
import { readConfig } from '../env.ts';
import type { Env } from '../env.ts';
import { DEVICE_MIGRATIONS, DeviceMemory } from '../modules/devices.ts';
import { EGRESS_JOURNAL_MIGRATIONS, EgressJournal } from '../modules/egress-journal.ts';
import { EGRESS_POLICY_MIGRATIONS, EgressPolicies } from '../modules/egress-policy.ts';
import { LEDGER_MIGRATIONS, Ledger } from '../modules/ledger.ts';
import { FILE_PUT_MIGRATIONS, FilePuts } from '../modules/file-puts.ts';
import { INCIDENT_MIGRATIONS, Incidents } from '../modules/incidents.ts';
import { migrate } from '../modules/migrate.ts';
import { OPERATION_MIGRATIONS, Operations } from '../modules/operations.ts';
import { Outbox, OUTBOX_MIGRATIONS } from '../modules/outbox.ts';
import { IMPORT_MIGRATIONS, Imports } from '../modules/imports.ts';
import { SCRATCH_MIGRATIONS, ScratchRuns } from '../modules/scratch.ts';
import { SPEND_GUARD_MIGRATIONS, SpendGuard } from '../modules/spend-guard.ts';
import { Sessions, SESSION_MIGRATIONS } from '../modules/sessions.ts';
import { Schedule, SCHEDULE_MIGRATIONS } from '../modules/schedule.ts';
import { STATE_KEY_MIGRATIONS, StateKeys } from '../modules/state-keys.ts';
import { SNAPSHOT_MIGRATIONS } from '../modules/snapshot-schema.ts';
import { SnapshotIndex } from '../modules/snapshots.ts';
import { Vault } from '../modules/vault.ts';
import { VAULT_MIGRATIONS } from '../modules/vault-schema.ts';
import { TENANT_MIGRATIONS, TenantStore } from '../modules/tenant-store.ts';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import type { Operation, TenantReport } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Clock, Ids } from '../ports.ts';
import { cleanImports } from './import-discard.ts';
import type { ImportObjects } from './import-discard.ts';
import { Lifecycle } from './lifecycle.ts';
import type { LifecycleLog } from './lifecycle-ports.ts';
import { Scratch } from './scratch.ts';
import { createSpending } from './spending.ts';
import type { Spending } from './spending.ts';
import type { NetworkParts } from './tenant-network.ts';
import { periodBounds, toReport } from './tenant-report.ts';

/** However overdue something is, the object is not called faster than this. */
const alarmSpacingMs = 50;

/** R2 that is away is left alone for a while. */
const removeRetryMs = 300_000;

export interface TenantParts {
  readonly store: TenantStore;
  readonly operations: Operations;
  readonly snapshots: SnapshotIndex;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  readonly ledger: Ledger;
  readonly spending: Spending;
  readonly network: NetworkParts;
  readonly vault: Vault;
  readonly stateKeys: StateKeys;
  readonly devices: DeviceMemory;
  readonly lifecycle: Lifecycle;
  readonly scratch: Scratch;
  readonly imports: Imports;
  readonly filePuts: FilePuts;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Removes the bytes of uploads that nothing needs any more; never rejects. */
  cleanImports(): Promise<void>;
  readonly ai: AiDispatch;
  /** Every model with a price now, and who would pay for it. */
  models(): ModelChoice[];
  /** Asks the second witness about what a crash left open in the ledger. */
  readonly reconciler: Reconciler;
  report(record: TenantRecord): TenantReport;
  operationOf(record: TenantRecord): Operation | null;
}

const allMigrations = [
  ...TENANT_MIGRATIONS,
  ...OPERATION_MIGRATIONS,
  ...INCIDENT_MIGRATIONS,
  ...SNAPSHOT_MIGRATIONS,
  ...OUTBOX_MIGRATIONS,
  ...SCHEDULE_MIGRATIONS,
  ...SESSION_MIGRATIONS,
  ...LEDGER_MIGRATIONS,
  ...SPEND_GUARD_MIGRATIONS,
  ...SCRATCH_MIGRATIONS,
  ...IMPORT_MIGRATIONS,
  ...FILE_PUT_MIGRATIONS,
  ...EGRESS_POLICY_MIGRATIONS,
  ...EGRESS_JOURNAL_MIGRATIONS,
  ...VAULT_MIGRATIONS,
  ...STATE_KEY_MIGRATIONS,
  ...DEVICE_MIGRATIONS,
];

/** Whether this object was ever provisioned. Reads only. */
export function hasTenant(storage: DurableObjectStorage): boolean {
  return storage.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tenant'").toArray().length > 0;
}

const onFault = (event: string, error: unknown): void => logEvent(event, { error: String(error).slice(0, 300) });

export function createTenantParts(ctx: DurableObjectState, env: Env, keys: CellKeys): TenantParts {
  const sql = durableObjectSql(ctx.storage);
  const clock = systemClock;
  const ids = systemIds;
  migrate(sql, allMigrations, clock.nowMs());
  const config = readConfig(env);
  const store = new TenantStore(sql);
  const operations = new Operations(sql);
  const snapshots = new SnapshotIndex(sql);
  const outbox = new Outbox(sql);
  const schedule = new Schedule(sql);
  const sessions = new Sessions(sql, clock);
  const ledger = new Ledger(sql, clock);
  const guard = new SpendGuard({ sql, ledger, clock, ids });
  const scratchRuns = new ScratchRuns(sql);
  const imports = new Imports(sql);
  const stateKeys = new StateKeys(sql, keys);
  const vault = new Vault(sql, keys, () => {
    const record = store.read();
    if (record === null) throw new Error('the vault is of no tenant');
    return record.tenantId;
  });
  const network = { policies: new EgressPolicies(sql, ids), journal: new EgressJournal(sql) };
  // No request can be under way in an object that was just built: what is held was left by a crash.
  ledger.orphan();

  const log: LifecycleLog = (event, fields) => logEvent(event, { tenant: store.read()?.tenantId ?? null, ...fields });

  const operationOf = (record: TenantRecord): Operation | null =>
    record.operationId === null ? null : operations.read(record.operationId);

  const report = (record: TenantRecord): TenantReport => {
    const total = ledger.periodTotal(ledger.currentPeriod());
    const { fromMs, toMs } = periodBounds(total.period);
    return toReport({
      record,
      operation: operationOf(record),
      newest: snapshots.newest(),
      drill: scratchRuns.drill(),
      usage: {
        ...total,
        awakeMs: store.awakeMs(fromMs, toMs),
        awakeMsBySize: store.awakeMsBySize(fromMs, toMs),
        browserMs: 0,
      },
      storedBytes: snapshots.storedBytes(),
      spendPause: guard.pause(),
      lastActivityAtMs: Math.max(
        record.lastActivityAtMs,
        record.state.kind === 'awake' ? lifecycle.volatile.lastActivityAtMs : 0,
      ),
      stays: lifecycle.staysAwake(record),
      nextRunAtMs: schedule.read().nextRunAtMs,
    });
  };

  const reportChanged = (record: TenantRecord): void => {
    const { tenantId, slug } = record;
    const body = report(record);
    outbox.put('report', { tenantId, slug, kind: 'report', report: body }, clock.nowMs());
    if (body.operation)
      outbox.put(
        `operation:${body.operation.id}`,
        { tenantId, slug, kind: 'operation', operation: body.operation },
        clock.nowMs(),
      );
  };

  /** What the lifecycle last asked for; undefined in an object that was just built, whose alarm is still set for it. */
  let lifecycleDueMs: number | null | undefined;

  /** Removing bytes that could not be removed is tried again this much later. */
  let cleanAfterMs = 0;
  const importsDueMs = (): number | null => {
    const dueMs = imports.nextDueMs();
    return dueMs === null ? null : Math.max(dueMs, cleanAfterMs);
  };

  /** One alarm, the earliest of all that is due: the lifecycle's, a scratch run's, what a crash left open in the ledger. */
  const rearm = async (): Promise<void> => {
    const known = lifecycleDueMs === undefined ? await ctx.storage.getAlarm() : lifecycleDueMs;
    const dueMs = [known, reconciler.nextRunMs(), scratch.nextDueMs(), importsDueMs()].filter((ms) => ms !== null);
    if (dueMs.length === 0) return ctx.storage.deleteAlarm();
    return ctx.storage.setAlarm(Math.max(Math.min(...dueMs), clock.nowMs() + alarmSpacingMs));
  };

  const setAlarm = async (atMs: number | null): Promise<void> => {
    lifecycleDueMs = atMs;
    return rearm();
  };

  const lifecycle: Lifecycle = new Lifecycle({
    store,
    operations,
    incidents: new Incidents(sql),
    snapshots,
    outbox,
    schedule,
    // Until channels store messages here there are none.
    inbox: { pending: () => false },
    sandbox: (tenantId, incarnation) => sandboxPort(env.SANDBOX, stateKeys, config, tenantId, incarnation),
    eraseKeys: () => {
      vault.erase();
      stateKeys.erase();
    },
    objects: r2SnapshotObjects(env.SNAPSHOTS),
    events: { send: async (events) => void (await env.TENANT_EVENTS.sendBatch(events.map((body) => ({ body })))) },
    alarm: { set: setAlarm },
    clock,
    timers: systemTimers,
    ids,
    log,
    reportChanged,
    scratch: {
      open: () => scratchRuns.open() !== null,
      begin: (request) => {
        const begun = scratch.begin(request);
        if (begun !== null) ctx.waitUntil(scratch.activate());
        return begun?.n ?? null;
      },
      outcome: (n) => {
        const run = scratchRuns.get(n);
        return run === null ? null : (run.outcome ?? 'under_way');
      },
    },
  });

  const spending = createSpending({
    sql,
    ledger,
    guard,
    outbox,
    clock,
    read: () => store.read(),
    save: (record) => lifecycle.save(record),
    flush: () => ctx.waitUntil(lifecycle.flush()),
  });

  /** Moves what the ledger settled into the outbox, each receipt once, and the new totals with it. */
  const exportReceipts = (): void => {
    const record = store.read();
    if (record === null) return;
    sql.transaction(() => {
      const receipts = ledger.pendingExport();
      for (const receipt of receipts) {
        outbox.put(
          `receipt:${receipt.requestId}`,
          { tenantId: record.tenantId, slug: record.slug, kind: 'receipt', receipt },
          clock.nowMs(),
        );
      }
      const requestIds = receipts.map((receipt) => receipt.requestId);
      ledger.exported(requestIds);
      spending.charged(record, requestIds);
      lifecycle.save(record);
    });
    ctx.waitUntil(lifecycle.flush());
  };

  const objects = r2SnapshotObjects(env.SNAPSHOTS);
  const scratch: Scratch = new Scratch({
    store,
    imports,
    objects,
    runs: scratchRuns,
    snapshots,
    operations,
    port: (tenantId, n) => scratchPort(env.SANDBOX, stateKeys, config, tenantId, n),
    clock,
    timers: systemTimers,
    ids,
    log,
    rearm,
    operationChanged: (operation) => {
      const record = store.read();
      if (record === null) return;
      const { tenantId, slug } = record;
      outbox.put(`operation:${operation.id}`, { tenantId, slug, kind: 'operation', operation }, clock.nowMs());
      ctx.waitUntil(lifecycle.flush());
    },
    concluded: () => {
      const record = store.read();
      if (record !== null) lifecycle.save(record);
      // An upgrade may wait for it.
      ctx.waitUntil(lifecycle.activate());
    },
  });

  const importObjects: ImportObjects = {
    removeParts: (tenantId, id, parts) => removeImport(env.SNAPSHOTS, tenantId, id, parts),
    removeSnapshot: (tenantId, id) => objects.remove(tenantId, id),
  };
  const clean = async (): Promise<void> => {
    const record = store.read();
    if (record === null) return;
    try {
      await cleanImports({ imports, snapshots, objects: importObjects, clock }, record);
    } catch (error) {
      // What is left is sealed, and goes with the tenant at the latest.
      cleanAfterMs = clock.nowMs() + removeRetryMs;
      log('import.remove_failed', { error: String(error).slice(0, 200) });
    }
  };

  const reconciler = createReconciler({
    ledger,
    witness: chooseWitness(env),
    clock,
    onSettled: exportReceipts,
    onFault,
  });

  const upstream = chooseUpstream(env);
  const models = (): ModelChoice[] => {
    const nowMs = clock.nowMs();
    const stored = vault.modelKeys();
    return modelChoices(priceTableAt(priceTables, nowMs), nowMs, (provider) =>
      whoPays(provider, stored).kind === 'customer' ? 'own_key' : upstream.serves(provider) ? 'platform' : 'none',
    );
  };

  const ai = createAiDispatch({
    ledger: spending.ledger,
    onBudgetReached: (use) => spending.budgetReached(use),
    upstream,
    payments: createPayments(vault, clock, onFault),
    fetch: (url, init) => fetch(url, init),
    readAnswer: (body) => new GatheringReader(body, clock),
    clock,
    ids,
    keepAlive: (work) => ctx.waitUntil(work),
    onFault,
    onSettled: () => {
      lifecycle.touched();
      exportReceipts();
    },
  });

  return {
    store,
    operations,
    snapshots,
    outbox,
    sessions,
    ledger,
    spending,
    network,
    vault,
    stateKeys,
    devices: new DeviceMemory(sql),
    lifecycle,
    scratch,
    imports,
    filePuts: new FilePuts(sql),
    clock,
    ids,
    cleanImports: clean,
    ai,
    models,
    reconciler,
    report,
    operationOf,
  };
}

/**
 * Single files of a snapshot, as the cell's door offers them. Bytes go from the bucket through here, to the customer or to
 * the keeper of the running container; the tenant's object only decides. Listing and taking wake nothing.
 */
import { CellKeys } from '../adapters/cell-keys.ts';
import { logEvent } from '../adapters/log.ts';
import { openSnapshotFile } from '../adapters/snapshot-file.ts';
import type { OpenedFile } from '../adapters/snapshot-file.ts';
import { readInventory } from '../adapters/snapshot-inventory.ts';
import { filePage } from '../core/snapshots/file-list.ts';
import { isPlainPath, putRefusalOf, refusalWords } from '../core/snapshots/file-rules.ts';
import type { Env } from '../env.ts';
import type { InventoryAt, PutEnd, PutPlan } from '../services/snapshot-files.ts';
import { sandboxName } from '../tenant-api.ts';
import { fileBytesMax } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type {
  FilePut,
  SnapshotFileControl,
  SnapshotFilePage,
  TakenFile,
} from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok, unreachable } from '../../../control-plane/src/contract/result.ts';
import type { TenantRef } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { FileOutcome } from './tenant-sandbox.ts';

type Args<K extends keyof SnapshotFileControl> = Parameters<SnapshotFileControl[K]>[0];

const unreadable: Refusal = {
  code: 'export_unreadable',
  detail: 'The saved state could not be opened. Nothing was changed.',
  next: 'Choose an earlier snapshot, or ask support.',
};

const unknownFile: Refusal = {
  code: 'snapshot_file_unknown',
  detail: 'The snapshot holds no such file.',
  next: 'Choose one from the list of its files.',
};

const wholeInstead = 'Restore the whole snapshot instead, or download the file.';

export async function snapshotFiles(env: Env, command: Args<'snapshotFiles'>): Promise<Result<SnapshotFilePage>> {
  const { tenantId, slug, snapshotId, ...question } = command;
  const plan = await env.TENANT.getByName(slug).inventoryPlan({ tenantId, slug, snapshotId });
  if (!plan.ok) return plan;
  const { chosen, newest } = plan.value;
  const read = async ({ id, incarnation, stateKey }: InventoryAt) => {
    const dataKey = await new CellKeys(env.CELL_KEYS).unwrapDataKey(stateKey.context, stateKey);
    return readInventory(env.SNAPSHOTS, { tenantId, id, incarnation, dataKey });
  };
  try {
    const inventory = await read(chosen);
    if (inventory === null) return err(unreadable);
    if (newest === null || newest.id === chosen.id)
      return ok(filePage(inventory, newest === null ? null : { id: chosen.id, inventory }, question));
    const present = await read(newest);
    return ok(filePage(inventory, present === null ? null : { id: newest.id, inventory: present }, question));
  } catch (error) {
    logEvent('snapshot.inventory_unreadable', { tenant: tenantId, snapshot: snapshotId, error: words(error) });
    return err(unreadable);
  }
}

export async function takeFile(env: Env, command: Args<'takeFile'>): Promise<Result<TakenFile>> {
  const opened = await open(env, command);
  if (!opened.ok) return opened;
  const { file, savedAtMs } = opened.value;
  logEvent('snapshot.file_taken', { tenant: command.tenantId, snapshot: command.snapshotId, bytes: file.bytes });
  return ok({ bytes: file.bytes, savedAtMs, content: file.content });
}

export async function putFile(env: Env, command: Args<'putFile'>): Promise<Result<FilePut>> {
  const { tenantId, slug, snapshotId, path, id } = command;
  const ref = { tenantId, slug };
  const refusal = putRefusalOf({ path, bytes: 0 });
  if (refusal !== null) return err(notPut(refusalWords[refusal]));
  const tenant = env.TENANT.getByName(slug);
  const known = await tenant.putFiles(ref);
  if (!known.ok) return known;
  const before = known.value.find((each) => each.id === id);
  if (before !== undefined && before.stage !== 'putting' && before.stage !== 'refused') return ok(before);
  const opened = await open(env, command);
  if (!opened.ok) return opened;
  const { file } = opened.value;
  const begun = await tenant.beginPut({ ...ref, snapshotId, path, id });
  if (!begun.ok) {
    await file.content.cancel('not put');
    return begun;
  }
  const outcome = await asked(begun.value, ref, () =>
    sandbox(env, ref, begun.value).putFile(begun.value.incarnation, { id, path, bytes: file.bytes }, file.content),
  );
  if (!outcome.ok) return outcome;
  const said = outcome.value;
  const end: PutEnd = said.ok ? { kind: 'put', replaced: said.replaced } : { kind: 'put_refused' };
  const ended = await tenant.endPut({ ...ref, id, end });
  return said.ok ? ended : err(notPut(said.words));
}

export async function undoFile(env: Env, command: Args<'undoFile'>): Promise<Result<FilePut>> {
  const { tenantId, slug, id } = command;
  const ref = { tenantId, slug };
  const tenant = env.TENANT.getByName(slug);
  const begun = await tenant.beginUndo({ ...ref, id });
  if (!begun.ok) return begun;
  if (begun.value.put.stage === 'undone') return ok(begun.value.put);
  const outcome = await asked(begun.value, ref, () =>
    sandbox(env, ref, begun.value).undoFile(begun.value.incarnation, { id, undoId: `${id}_undo` }),
  );
  if (!outcome.ok) return outcome;
  const said = outcome.value;
  const ended = await tenant.endPut({ ...ref, id, end: { kind: said.ok ? 'undone' : 'undo_refused' } });
  return said.ok ? ended : err({ ...notPut(said.words), next: 'Take the file from a snapshot instead.' });
}

/** Asks the container. What became of it is not known when it does not answer: the same again is harmless. */
async function asked(
  { put }: PutPlan,
  { tenantId }: TenantRef,
  ask: () => Promise<FileOutcome>,
): Promise<Result<FileOutcome>> {
  try {
    return ok(await ask());
  } catch (error) {
    logEvent('snapshot.file_not_put', { tenant: tenantId, put: put.id, error: words(error) });
    return err({
      code: 'tenant_unreachable',
      detail: 'The assistant did not say whether the file arrived.',
      next: 'Try again; a file that is there already is left as it is.',
    });
  }
}

const sandbox = (env: Env, { tenantId }: TenantRef, { incarnation }: PutPlan) =>
  env.SANDBOX.getByName(sandboxName(tenantId, incarnation));

const notPut = (detail: string): Refusal => ({ code: 'snapshot_file_refused', detail, next: wholeInstead });

const words = (error: unknown): string => String(error).slice(0, 300);

interface Opened {
  readonly file: Extract<OpenedFile, { kind: 'file' }>;
  readonly savedAtMs: number;
}

async function open(env: Env, { tenantId, slug, snapshotId, path }: Args<'takeFile'>): Promise<Result<Opened>> {
  if (!isPlainPath(path)) return err(unknownFile);
  const found = await env.TENANT.getByName(slug).exportSource({ tenantId, slug, snapshotId });
  if (!found.ok) return found;
  const { stateKey, savedAtMs, ...source } = found.value;
  try {
    const dataKey = await new CellKeys(env.CELL_KEYS).unwrapDataKey(stateKey.context, stateKey);
    const file = await openSnapshotFile(env.SNAPSHOTS, { ...source, dataKey }, path);
    switch (file.kind) {
      case 'file':
        return ok({ file, savedAtMs });
      case 'absent':
        return err(unknownFile);
      case 'no_file':
        return err({ ...unknownFile, detail: 'A folder or a link stands there, not a file.' });
      case 'too_large':
        return err({
          code: 'snapshot_file_too_large',
          detail: `It is larger than ${fileBytesMax / 1024 / 1024} MiB.`,
          next: 'Download everything as of this snapshot, or restore it.',
        });
      case 'no_data':
        logEvent('snapshot.file_unreadable', { tenant: tenantId, snapshot: snapshotId, error: 'no data' });
        return err(unreadable);
      default:
        return unreachable(file);
    }
  } catch (error) {
    logEvent('snapshot.file_unreadable', { tenant: tenantId, snapshot: snapshotId, error: words(error) });
    return err(unreadable);
  }
}

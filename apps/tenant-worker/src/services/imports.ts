/**
 * What a person may do with an upload. Each states an intent; the scratch runs convert, `clean` removes bytes that nothing
 * needs. Nothing here touches the tenant's own state: switching to what came of it is a restore.
 */
import type { Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok, unreachable } from '../../../control-plane/src/contract/result.ts';
import { partLength, partsOf } from '../../../control-plane/src/contract/imports.ts';
import type { ImportCommand, ImportView } from '../../../control-plane/src/contract/imports.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Imports } from '../modules/imports.ts';
import { importsOpenMax } from '../modules/imports.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { Clock, Ids } from '../ports.ts';
import { discardConverted, inUse } from './import-discard.ts';
import type { Scratch } from './scratch.ts';

export interface ImportDeps {
  readonly imports: Imports;
  readonly snapshots: SnapshotIndex;
  readonly scratch: Scratch;
  readonly clock: Clock;
  readonly ids: Ids;
}

type Asked<K extends ImportCommand['do']> = Extract<ImportCommand, { do: K }>;

const unknown = err({
  code: 'import_unknown',
  detail: 'There is no such upload.',
  next: 'Begin it anew.',
} as const);

/** What a disk can hold unpacked is at least twice what it may be sent packed. */
const uploadBytesMax = (record: TenantRecord): number => (record.spec.size.diskMb * 1_000_000) / 2;

/** Carries out what changes the rows; null for what only reads. */
export function changeImports(
  deps: ImportDeps,
  record: TenantRecord,
  command: Exclude<ImportCommand, { do: 'part' }>,
): Result<ImportView> | null {
  switch (command.do) {
    case 'list':
      return null;
    case 'create':
      return createImport(deps, record, command);
    case 'start':
      return startImport(deps, record, command);
    case 'remove':
      return removeImport(deps, record, command.id);
    default:
      return unreachable(command);
  }
}

function createImport(
  { imports, clock }: ImportDeps,
  record: TenantRecord,
  asked: Asked<'create'>,
): Result<ImportView> {
  const known = imports.get(asked.id);
  if (known !== null) return ok(known);
  const allowed = tenantAllows('import', record.state.kind);
  if (!allowed.allowed) {
    return err({
      code: 'tenant_not_startable',
      detail: allowed.reason,
      next: 'Wait until it changed, then try again.',
    });
  }
  const bytesMax = uploadBytesMax(record);
  if (asked.bytes > bytesMax) {
    return err({
      code: 'import_too_large',
      detail: `The file has ${asked.bytes} bytes; the disk of this assistant takes an upload of at most ${bytesMax}.`,
      next: 'Leave out what it does not need, such as node_modules, or choose a larger size.',
    });
  }
  if (imports.open() >= importsOpenMax) {
    return err({
      code: 'quota_reached',
      detail: `At most ${importsOpenMax} uploads are under way at a time.`,
      next: 'Go on with one of them, or remove one.',
    });
  }
  imports.create({ ...asked, createdAtMs: clock.nowMs() });
  return theImport(imports, asked.id);
}

/** Whether this part may be stored now. */
export function admitPart({ imports }: ImportDeps, id: string, n: number, bytes: number): Result<ImportView> {
  const found = imports.get(id);
  if (found === null) return unknown;
  const wanted = partLength(found.bytes, n);
  if (found.state === 'uploading' && n <= found.nextPart && wanted > 0 && wanted === bytes) return ok(found);
  return err({
    code: 'import_part_unexpected',
    detail:
      found.state === 'uploading'
        ? `Part ${found.nextPart} of ${partsOf(found.bytes)} is expected next, with ${partLength(found.bytes, found.nextPart)} bytes.`
        : 'This upload takes no more parts.',
    next: 'Look at the upload and go on with the part it expects.',
  });
}

/** Stored parts may be counted. */
export function partStored({ imports }: ImportDeps, id: string, n: number): Result<ImportView> {
  imports.partStored(id, n);
  return theImport(imports, id);
}

/** Begins the conversion, beside the assistant. */
function startImport(
  { imports, scratch, ids }: ImportDeps,
  record: TenantRecord,
  { id, operationId }: Asked<'start'>,
): Result<ImportView> {
  const found = imports.get(id);
  if (found === null) return unknown;
  if (found.operationId === operationId) return ok(found);
  if (found.state !== 'uploading' || found.nextPart < partsOf(found.bytes)) {
    return err({
      code: 'import_not_startable',
      detail:
        found.state === 'uploading' ? 'Not all of the file has arrived.' : `The upload is ${found.state} already.`,
      next: 'Send the missing parts, or begin a new upload.',
    });
  }
  const snapshotId = ids.ulid();
  if (!scratch.beginImport(record, operationId, snapshotId)) {
    return err({
      code: 'scratch_busy',
      detail: 'A restore or an upgrade of this assistant is being tried out just now.',
      next: 'Try again in a few minutes; what was sent is kept.',
    });
  }
  imports.converting(id, operationId, snapshotId);
  return theImport(imports, id);
}

/** Takes an upload back, or what it became. One that is being converted ends by itself first. */
function removeImport(deps: ImportDeps, record: TenantRecord, id: string): Result<ImportView> {
  const { imports } = deps;
  const found = imports.get(id);
  if (found === null) return unknown;
  if (found.state === 'converting') {
    return err({ code: 'scratch_busy', detail: 'It is being converted.', next: 'Wait until that has ended.' });
  }
  const takenBack = { code: 'removed', detail: 'It was taken back.' };
  if (found.state === 'ready' && !discardConverted(deps, record, found, 'failed', takenBack)) {
    return err({
      code: 'import_in_use',
      detail: 'The assistant goes on from it, or may come back to it: it is one of its snapshots now.',
      next: 'Leave it; like every snapshot it is removed with time.',
    });
  }
  imports.failed(id, takenBack);
  return theImport(imports, id);
}

/** All of them, newest first, each with whether something holds it. */
export function shownImports({ imports, snapshots }: Pick<ImportDeps, 'imports' | 'snapshots'>, record: TenantRecord) {
  return imports.list().map((view) => {
    const { snapshotId } = view;
    return snapshotId === null ? view : { ...view, inUse: inUse({ snapshots }, record, snapshotId) };
  });
}

function theImport(imports: Imports, id: string): Result<ImportView> {
  const found = imports.get(id);
  return found === null ? unknown : ok(found);
}

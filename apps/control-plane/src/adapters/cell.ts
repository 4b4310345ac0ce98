/**
 * The cell as the services see it: the RPC contract, with a deadline on every call, answers parsed, and every failure a
 * refusal with a code. A cell that is away, slow or of another version never throws into a service.
 */
import { z } from 'zod';
import { SpendingView } from '../contract/budgets.ts';
import { EgressDenied, EgressLogEntry, EgressPolicy, EgressRuling, EgressTraffic } from '../contract/egress.ts';
import { FilePut, SnapshotFilePage } from '../contract/snapshot-file-rpc.ts';
import { RotationStep } from '../contract/secret-rpc.ts';
import { DeviceList } from '../contract/device-api.ts';
import { SecretView } from '../contract/secrets.ts';
import { errorCodes } from '../contract/errors.ts';
import { ImportView } from '../contract/imports.ts';
import { ModelChoice } from '../contract/models.ts';
import { err } from '../contract/result.ts';
import type { Result } from '../contract/result.ts';
import { SnapshotChanges, TenantReport, TenantSnapshot, TenantSnapshots } from '../contract/tenant-rpc.ts';
import type { ByteStream, TenantControl } from '../contract/tenant-rpc.ts';
import { describeError } from '../events.ts';
import type { Log } from '../events.ts';

/** A person waits for a page; later than this they see the stored copy. */
export const reportDeadlineMs = 2_000;
/** A command may wait for an object that is busy. */
export const commandDeadlineMs = 10_000;
/** A file is looked for through the whole archive, which may be gigabytes; a decoder does about 100 MB a second. */
const fileDeadlineMs = 60_000;

const RefusalShape = z.object({
  code: z.enum(errorCodes as [(typeof errorCodes)[number], ...(typeof errorCodes)[number][]]).catch('internal'),
  detail: z.string().max(1_000),
  next: z.string().max(600),
});

function answerOf<T>(value: z.ZodType<T>) {
  return z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), value }),
    z.object({ ok: z.literal(false), error: RefusalShape }),
  ]);
}

const ReportAnswer = answerOf(TenantReport);
const GrantAnswer = answerOf(z.object({ code: z.string().min(1).max(512), expiresAtMs: z.number().int() }));
const EndedAnswer = answerOf(z.object({ ended: z.number().int().min(0) }));
const SnapshotsAnswer = answerOf(TenantSnapshots);
const ChangesAnswer = answerOf(SnapshotChanges);
const SnapshotAnswer = answerOf(TenantSnapshot);
const SealingKeyAnswer = answerOf(z.object({ kid: z.string().min(1).max(32), publicKey: z.base64() }));
const SecretsAnswer = answerOf(z.array(SecretView));
const SecretAnswer = answerOf(SecretView);
const DeletedAnswer = answerOf(z.object({ deleted: z.boolean() }));
const RotationAnswer = answerOf(RotationStep);
const DevicesAnswer = answerOf(DeviceList);
const PolicyAnswer = answerOf(EgressPolicy);
const NetworkAnswer = answerOf(
  z.object({ policy: EgressPolicy, denied: z.array(EgressDenied), traffic: z.array(EgressTraffic) }),
);
const LogAnswer = answerOf(z.object({ items: z.array(EgressLogEntry), nextBeforeSeq: z.number().int().nullable() }));
const RulingAnswer = answerOf(EgressRuling.extend({ host: z.string() }));
const SpendingAnswer = answerOf(SpendingView);
const PendingAnswer = answerOf(z.object({ pending: z.number().int().min(0) }));

const ExportAnswer = answerOf(
  z.object({
    snapshotId: z.string().min(1).max(64),
    savedAtMs: z.number().int(),
    bytes: z.number().int().min(1),
    fileName: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,127}$/),
    content: z.custom<ByteStream>((value) => value instanceof ReadableStream),
  }),
);

const ModelsAnswer = answerOf(z.array(ModelChoice).max(4_000));
const FilesAnswer = answerOf(SnapshotFilePage);
const FilePutAnswer = answerOf(FilePut);
const FilePutsAnswer = answerOf(z.array(FilePut));
const TakenAnswer = answerOf(
  z.object({
    bytes: z.number().int().min(0),
    savedAtMs: z.number().int(),
    content: z.custom<ByteStream>((value) => value instanceof ReadableStream),
  }),
);

const ImportsAnswer = answerOf(z.object({ imports: z.array(ImportView).max(50) }));

const unreachable = err({
  code: 'tenant_unreachable',
  detail: 'The part of Tidepool that runs this assistant does not answer.',
  next: 'Try again in a moment; nothing was lost.',
} as const);

export function boundedCell(cell: TenantControl, log: Log): TenantControl {
  const call = async <T>(
    what: string,
    schema: z.ZodType<Result<T>>,
    deadlineMs: number,
    work: () => Promise<unknown>,
  ): Promise<Result<T>> => {
    try {
      const parsed = schema.safeParse(await inTime(work(), deadlineMs));
      if (parsed.success) return parsed.data;
      log('cell.unreadable', { what, problem: parsed.error.issues[0]?.message.slice(0, 200) ?? '' });
    } catch (error) {
      log('cell.unreachable', { what, error: describeError(error) });
    }
    return unreachable;
  };
  return {
    provision: (command) => call('provision', ReportAnswer, commandDeadlineMs, () => cell.provision(command)),
    applySpec: (command) => call('applySpec', ReportAnswer, commandDeadlineMs, () => cell.applySpec(command)),
    report: (ref) => call('report', ReportAnswer, reportDeadlineMs, () => cell.report(ref)),
    command: (command) => call('command', ReportAnswer, commandDeadlineMs, () => cell.command(command)),
    snapshots: (ref) => call('snapshots', SnapshotsAnswer, reportDeadlineMs, () => cell.snapshots(ref)),
    snapshotChanges: (command) =>
      call('snapshotChanges', ChangesAnswer, commandDeadlineMs, () => cell.snapshotChanges(command)),
    changeSnapshot: (command) =>
      call('changeSnapshot', SnapshotAnswer, commandDeadlineMs, () => cell.changeSnapshot(command)),
    drill: (command) => call('drill', ReportAnswer, commandDeadlineMs, () => cell.drill(command)),
    grantOpen: (grant) => call('grantOpen', GrantAnswer, commandDeadlineMs, () => cell.grantOpen(grant)),
    endSessions: (command) => call('endSessions', EndedAnswer, commandDeadlineMs, () => cell.endSessions(command)),
    exportState: (command) => call('exportState', ExportAnswer, commandDeadlineMs, () => cell.exportState(command)),
    imports: (command) => call('imports', ImportsAnswer, commandDeadlineMs, () => cell.imports(command)),
    snapshotFiles: (command) =>
      call('snapshotFiles', FilesAnswer, commandDeadlineMs, () => cell.snapshotFiles(command)),
    takeFile: (command) => call('takeFile', TakenAnswer, fileDeadlineMs, () => cell.takeFile(command)),
    putFiles: (ref) => call('putFiles', FilePutsAnswer, reportDeadlineMs, () => cell.putFiles(ref)),
    putFile: (command) => call('putFile', FilePutAnswer, fileDeadlineMs, () => cell.putFile(command)),
    undoFile: (command) => call('undoFile', FilePutAnswer, fileDeadlineMs, () => cell.undoFile(command)),
    sealingKey: () => call('sealingKey', SealingKeyAnswer, reportDeadlineMs, () => cell.sealingKey()),
    secrets: (ref) => call('secrets', SecretsAnswer, reportDeadlineMs, () => cell.secrets(ref)),
    putSecret: (command) => call('putSecret', SecretAnswer, commandDeadlineMs, () => cell.putSecret(command)),
    deleteSecret: (command) => call('deleteSecret', DeletedAnswer, commandDeadlineMs, () => cell.deleteSecret(command)),
    rotateSecrets: (command) =>
      call('rotateSecrets', RotationAnswer, commandDeadlineMs, () => cell.rotateSecrets(command)),
    devices: (ref) => call('devices', DevicesAnswer, commandDeadlineMs, () => cell.devices(ref)),
    changeDevices: (command) =>
      call('changeDevices', DevicesAnswer, commandDeadlineMs, () => cell.changeDevices(command)),
    models: (ref) => call('models', ModelsAnswer, reportDeadlineMs, () => cell.models(ref)),
    network: (ref) => call('network', NetworkAnswer, reportDeadlineMs, () => cell.network(ref)),
    changeNetwork: (command) =>
      call('changeNetwork', PolicyAnswer, commandDeadlineMs, () => cell.changeNetwork(command)),
    networkLog: (command) => call('networkLog', LogAnswer, reportDeadlineMs, () => cell.networkLog(command)),
    testNetwork: (command) => call('testNetwork', RulingAnswer, reportDeadlineMs, () => cell.testNetwork(command)),
    spending: (ref) => call('spending', SpendingAnswer, reportDeadlineMs, () => cell.spending(ref)),
    resumeSpending: (command) =>
      call('resumeSpending', SpendingAnswer, commandDeadlineMs, () => cell.resumeSpending(command)),
    acknowledge: (command) => call('acknowledge', PendingAnswer, commandDeadlineMs, () => cell.acknowledge(command)),
  };
}

async function inTime<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

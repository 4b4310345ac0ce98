/**
 * Takes what the keeper of an awake assistant tells of OpenClaw's own security audit into the record, once per audit. The
 * record's change is what tells the control plane. Nothing is stopped for it: a person decides.
 */
import { newCriticals } from '../../../control-plane/src/contract/security-audit.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Look } from './lifecycle-ports.ts';

/** Called where nothing else is decided on the record that was read before. */
export function noteAudit(lifecycle: Lifecycle, { told }: Look): void {
  const { deps } = lifecycle;
  const record = deps.store.read();
  const audit = told?.audit ?? null;
  if (record === null || record.state.kind !== 'awake' || audit === null || audit.atMs === record.audit?.atMs) return;
  lifecycle.save({ ...record, audit });
  for (const { checkId, title } of newCriticals(record.audit, audit))
    deps.log('audit.critical', { checkId, title, release: audit.release });
}

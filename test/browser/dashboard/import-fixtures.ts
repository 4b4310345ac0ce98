// Uploads in the states that a page shows, parsed with the contract.

import { ImportView, importPartBytes } from '../../../apps/control-plane/src/contract/imports.ts';
import { OperationId } from '../../../apps/control-plane/src/contract/ids.ts';

/** An upload of three parts, of which one has arrived. */
export function upload(over: Partial<ImportView> = {}): ImportView {
  return ImportView.parse({
    id: 'imp_01kat3v9x8z2m4q6r8t0v2w4y9',
    fileName: 'openclaw.tar.gz',
    bytes: 2 * importPartBytes + 5,
    nextPart: 1,
    state: 'uploading',
    createdAtMs: Date.now() - 60_000,
    operationId: null,
    snapshotId: null,
    report: null,
    error: null,
    ...over,
  });
}

/** A converted upload, with something in every part of its report. */
export function convertedUpload(): ImportView {
  return upload({
    nextPart: 3,
    state: 'ready',
    operationId: OperationId.parse('op_01kat3v9x8z2m4q6r8t0v2w4y7'),
    snapshotId: '01kat3v9x8z2m4q6r8t0v2w4y8',
    report: {
      shape: 'openclaw',
      openclawVersion: '2026.2.3',
      taken: { files: 212, bytes: 9_300_000, conversations: 9, workspaceFiles: 31, skills: 2, cronJobs: 1, agents: 1 },
      left: [
        { reason: 'key_or_login', count: 7, examples: ['.openclaw/.env', '.openclaw/credentials/oauth.json'] },
        { reason: 'outward_link', count: 1, examples: ['.openclaw/workspace/outside'] },
      ],
      settingsLeft: ['gateway', 'channels.telegram.botToken'],
      channelsOff: ['telegram'],
      warnings: ['1 file was changed since this was exported.'],
    },
  });
}

/** What an upload and its report say, in words. Pure. */
import { importKeptMs, type ImportReport, type ImportView } from '../../../control-plane/src/contract/imports.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { formatBytes, formatCount, formatWhen } from '../ui/format.ts';

export const leftWords: Record<ImportReport['left'][number]['reason'], string> = {
  key_or_login: 'Keys and logins: enter them again',
  made_again: 'Caches, logs and backups: made again by themselves',
  plugin_code: 'Plugins: install them again',
  other_machine: 'Things of the other machine',
  outward_link: 'Links that lead out of the folder',
  hard_link: 'Links that are no files of their own',
  unknown: 'Other names: one might be a login',
};

const shapeWords: Record<ImportReport['shape'], string> = {
  tidepool: 'An export from Tidepool',
  openclaw: 'An OpenClaw',
  moltworker: 'A moltworker backup',
};

/** "An OpenClaw, version 2026.2.3." */
export function shapeSentence(report: Pick<ImportReport, 'shape' | 'openclawVersion'>): string {
  const version = report.openclawVersion === null ? '' : `, version ${report.openclawVersion}`;
  return `${shapeWords[report.shape]}${version}.`;
}

/** What was taken, most telling first; nothing of which there is none. */
export function takenLines(taken: ImportReport['taken']): string[] {
  return [
    ...counted(taken.conversations, 'conversation', 'conversations'),
    ...counted(taken.workspaceFiles, 'file in the workspace', 'files in the workspace'),
    ...counted(taken.skills, 'skill', 'skills'),
    ...counted(taken.cronJobs, 'scheduled job', 'scheduled jobs'),
    ...counted(taken.agents, 'agent', 'agents'),
    `${formatCount(taken.files)} ${taken.files === 1 ? 'file' : 'files'} in all, ${formatBytes(taken.bytes)}`,
  ];
}

function counted(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`];
}

/** Why a file cannot be what is asked for; null when it may be. The content decides later. */
export function againstFile(file: { readonly name: string; readonly size: number }): string | null {
  if (file.size === 0) return `${file.name} is empty, or a folder. Choose one packed file.`;
  if (/\.zip$/i.test(file.name)) return 'A .zip is not taken: pack it with tar, as shown above.';
  return null;
}

/** How an earlier upload ended. */
export function endWords(view: ImportView): string {
  switch (view.state) {
    case 'ready':
      return 'converted: it is under Snapshots';
    case 'failed':
      return view.error?.code === 'removed' ? 'taken back' : 'not taken';
    case 'expired':
      return 'removed: nobody went on with it';
    case 'uploading':
    case 'converting':
      return 'under way';
    default:
      return unreachable(view.state);
  }
}

/** Until when an upload, or what it became, is kept. */
export function keptUntil(view: Pick<ImportView, 'createdAtMs' | 'keptUntilMs'>): string {
  const atMs = view.keptUntilMs ?? view.createdAtMs + importKeptMs;
  // Said as a date: "in 7 days" would go stale on an open page.
  return formatWhen(atMs, atMs - 2 * 86_400_000);
}

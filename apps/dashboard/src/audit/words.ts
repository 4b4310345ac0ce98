/** The audit trail in words: what was done, what came of it, what changed. */
import type { AuditEntryView } from '../../../control-plane/src/contract/audit-api.ts';
import type { AccountAction, AuditAction } from '../../../control-plane/src/contract/audit.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';

export const actionWords: Record<AuditAction, string> = {
  'tenant.create': 'Created an assistant',
  'tenant.update': 'Changed settings',
  'tenant.members': 'Updated who may open it',
  'tenant.budgets': 'Changed its budgets',
  'tenant.spending_resume': 'Let paused model requests go on',
  'tenant.release': 'Changed the wanted version',
  'tenant.wake': 'Woke it',
  'tenant.sleep': 'Put it to sleep',
  'tenant.restart': 'Restarted it',
  'tenant.drill': 'Asked for a restore drill',
  'tenant.upgrade': 'Upgraded it',
  'tenant.rollback': 'Rolled an upgrade back',
  'tenant.export': 'Downloaded everything',
  'snapshot.take': 'Took a snapshot',
  'snapshot.update': 'Changed a snapshot',
  'snapshot.restore': 'Restored a snapshot',
  'snapshot.undo': 'Undid a restore',
  'snapshot.file_take': 'Downloaded a file of a snapshot',
  'snapshot.file_put': 'Put a file of a snapshot back',
  'snapshot.file_undo': 'Undid a file that was put back',
  'import.create': 'Began an upload',
  'import.start': 'Converted an upload',
  'import.apply': 'Switched to an upload',
  'import.remove': 'Removed an upload',
  'secret.put': 'Stored a secret',
  'secret.delete': 'Deleted a secret',
  'secret.rotate': 'Moved its secrets and saved states to new keys',
  'models.replace': 'Changed the models',
  'network.replace': 'Replaced the network policy',
  'network.rule_add': 'Added a network rule',
  'network.rule_remove': 'Removed a network rule',
  'network.answer': 'Answered about a host',
  'network.answer_remove': 'Took an answer back',
  'apikey.create': 'Made an API key',
  'apikey.revoke': 'Revoked an API key',
  'billing.checkout': 'Began to pay for a plan',
  'billing.top_up': 'Began to pay for prepaid balance',
  'billing.plan': 'Changed the plan',
  'billing.end': 'Ended the plan, or kept it',
  'billing.overage': 'Limited what may be billed above the plan',
  'billing.hold_release': 'Ended a hold on the organisation',
  'billing.budget': 'Set the organisation’s AI budget',
  'tenant.limits': 'Limited by what the organisation may spend',
  'device.answer': 'Answered about a device or a sender',
  'member.role': 'Changed a role',
  'member.remove': 'Removed somebody',
  'member.leave': 'Left',
  'member.sessions_end': 'Signed somebody out everywhere',
  'invitation.create': 'Invited somebody',
  'invitation.resend': 'Sent an invitation again',
  'invitation.revoke': 'Took an invitation back',
  'invitation.accept': 'Joined',
  'invitation.decline': 'Declined an invitation',
};

/** What people did with their own accounts; each sees their own. */
const accountActionWords: Record<AccountAction, string> = {
  'account.sign_in': 'Signed in',
  'account.sign_in_held': 'Signing in was tried too often, and refused for a while',
  'account.sign_out_others': 'Signed out all other devices',
  'account.sign_out_everywhere': 'Signed out everywhere',
  'account.password_change': 'Changed the password',
  'account.password_reset': 'Set a new password by mail',
};

const known: Readonly<Record<string, string>> = { ...actionWords, ...accountActionWords };

/** An action that this page doesn't know yet is shown by its name. */
export function actionText({ action }: Pick<AuditEntryView, 'action'>): string {
  return Object.hasOwn(known, action) ? (known[action] ?? action) : action;
}

export function outcomeText({ outcome, code }: Pick<AuditEntryView, 'outcome' | 'code'>): string {
  switch (outcome) {
    case 'done':
      return 'Done';
    case 'intended':
      return 'Asked for';
    case 'refused':
      return code === null ? 'Refused' : `Refused (${code})`;
    case 'unknown':
      return 'No answer came';
    default:
      return unreachable(outcome);
  }
}

export function actorText({ actor }: Pick<AuditEntryView, 'actor'>): string {
  const name = actor.name ?? actor.id;
  switch (actor.kind) {
    case 'person':
      return name;
    case 'staff':
      return `Tidepool staff (${name})`;
    case 'api_key':
      return `API key ${name}`;
    case 'system':
      return `Tidepool (${name})`;
    default:
      return unreachable(actor.kind);
  }
}

/** `name: before → after` of each thing that changed. */
export function changeText({ before, after }: Pick<AuditEntryView, 'before' | 'after'>): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => {
      const [was, is] = [before[name], after[name]].map((value) => (value === undefined ? '' : plain(value)));
      return was !== '' && is !== '' ? `${name}: ${was} → ${is}` : `${name}: ${is === '' ? was : is}`;
    })
    .join('; ');
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

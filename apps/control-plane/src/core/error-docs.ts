/**
 * What each error code means and what to do about it: one section per code, total by type. docs/errors.md and the page
 * at /docs/errors are both written from here (a test compares the file).
 */
import { errorCatalogue, errorCodes } from '../contract/errors.ts';
import type { ErrorCode } from '../contract/errors.ts';

interface ErrorDoc {
  /** When it happens. */
  readonly when: string;
  /** What to do. */
  readonly next: string;
}

export const errorDocs: Record<ErrorCode, ErrorDoc> = {
  bad_request: {
    when: 'The request cannot be read at all, such as a body that is not JSON.',
    next: 'Send a JSON object with `content-type: application/json`. The same request fails again.',
  },
  validation_failed: {
    when: 'The request was read, but fields are missing, unknown, or out of range. `errors` names each with a JSON pointer.',
    next: 'Mend the named fields. `/api/v1/openapi.json` has the schemas.',
  },
  unauthenticated: {
    when: 'There is no session, or it has ended.',
    next: 'Sign in again.',
  },
  forbidden: {
    when: 'You are signed in and the thing is there, but your role in its organisation does not allow this.',
    next: 'Ask an owner or admin of the organisation.',
  },
  not_found: {
    when: 'Nothing is there, or it belongs to somebody else. The two look the same on purpose.',
    next: 'Check the address and the account you are signed in with.',
  },
  method_not_allowed: {
    when: 'The address exists, but takes other methods. The `allow` header names them.',
    next: 'Use one of those.',
  },
  idempotency_key_missing: {
    when: 'Everything that creates or starts something needs an `Idempotency-Key` header of 1 to 100 visible characters.',
    next: 'Send a random one for each intent, and the same one when you repeat a request.',
  },
  idempotency_key_reused: {
    when: 'The key was used within the last day for a request that was not this one.',
    next: 'Send this request with a new key.',
  },
  request_timeout: {
    when: 'The body did not arrive in the time that one of its size takes on a slow connection.',
    next: 'Send it again.',
  },
  body_too_large: {
    when: 'A body of the API has at most 64 KiB; on the tenant host the limit is named in the answer.',
    next: 'Send less.',
  },
  human_check_failed: {
    when: 'Signing up needs a check that a person does it (Cloudflare Turnstile), and its result was missing, used before, or older than five minutes.',
    next: 'Complete the check on the page again.',
  },
  rate_limited: {
    when: 'More came within a minute than is taken: attempts to sign in or other requests from your network address, requests of your session or API key, or open connections of one assistant. `detail` says which.',
    next: 'Wait as long as `retry-after` says (seconds).',
  },
  slug_malformed: {
    when: 'The address of an assistant has 3 to 40 lower-case letters, digits and single hyphens, and starts and ends with a letter or digit.',
    next: 'Choose another; the answer suggests one.',
  },
  slug_reserved: {
    when: 'The address is a word that Tidepool or the internet gives a meaning, such as `admin` or `www`.',
    next: 'Choose another.',
  },
  slug_confusable: {
    when: 'The address could be mistaken for a protected name.',
    next: 'Choose one that cannot.',
  },
  slug_taken: {
    when: 'The address belongs to an assistant. Addresses are never given out twice, also after deletion.',
    next: 'Choose another; the answer suggests one that is free.',
  },
  quota_reached: {
    when: 'The organisation has as much of something as its plan allows (assistants, members), or did it as often in the last 24 hours (snapshots by hand, uploads, downloads). `detail` names it with the number.',
    next: 'Delete one, or wait; or choose a larger plan.',
  },
  tenant_unknown: {
    when: 'No assistant lives at this address.',
    next: 'Check the address. A new assistant is there seconds after it was created.',
  },
  tenant_deleted: {
    when: 'The assistant that lived here was deleted. Its address stays empty.',
    next: 'Nothing brings it back; an export made before can be started elsewhere.',
  },
  tenant_suspended: {
    when: 'The assistant is suspended. Its data is kept.',
    next: 'The dashboard says why and what to do.',
  },
  tenant_waking: {
    when: 'The assistant is starting; it usually takes less than half a minute.',
    next: 'Wait; the page goes on by itself. A program tries again after `retry-after`.',
  },
  tenant_asleep: {
    when: 'The assistant is asleep, and this kind of request does not wake it.',
    next: 'Open it in a browser, or wake it from the dashboard.',
  },
  tenant_needs_operator: {
    when: 'The assistant could not start several times and has stopped trying. Its data is kept.',
    next: 'Look at the reason on the dashboard; the operator’s runbook has a section for each.',
  },
  tenant_state_unreadable: {
    when: 'What the assistant remembers of itself cannot be read by this version. Nothing is written over it.',
    next: 'Tell support the request id. Nothing is lost.',
  },
  tenant_not_startable: {
    when: 'The command does not fit the state: only an assistant that sleeps can be woken, only one that is awake put to sleep.',
    next: 'Wait for the state that the answer names, then send the command again.',
  },
  tenant_unreachable: {
    when: 'The part of Tidepool that runs the assistant did not answer in time.',
    next: 'Try again in a moment, with the same Idempotency-Key. Nothing was lost.',
  },
  snapshot_unknown: {
    when: 'The assistant has no complete snapshot with this id, or nothing to undo. Snapshots that nobody protected are removed with time.',
    next: 'List the snapshots again and choose another one.',
  },
  snapshot_without_inventory: {
    when: 'One of the two snapshots has no list of what it holds: it is from before such lists, or the list cannot be read. The snapshot itself is not affected.',
    next: 'Restore it without a preview; the state it replaces is kept, and undo brings it back.',
  },
  snapshot_too_new: {
    when: 'A newer OpenClaw wrote it than the assistant runs, and an older one cannot read what a newer one wrote. Nothing was changed.',
    next: 'Move the assistant to that version first, or choose an older snapshot.',
  },
  snapshot_file_unknown: {
    when: 'No regular file stands at this path in the snapshot: it was never there, or it is a folder or a link.',
    next: 'Look at the files of the snapshot and take the path from there.',
  },
  snapshot_file_too_large: {
    when: 'Files of more than 64 MiB are not taken out of a snapshot by themselves.',
    next: 'Download everything as of that snapshot, or restore it whole.',
  },
  snapshot_file_refused: {
    when: 'The file cannot be put into the running assistant by itself, such as a database that is in use. Nothing was changed.',
    next: 'Restore the whole snapshot instead, or download the file.',
  },
  export_nothing_saved: {
    when: 'The assistant has not been saved once. It is saved soon after its first start, and whenever it goes to sleep.',
    next: 'Try again in a minute.',
  },
  export_unreadable: {
    when: 'The saved state could not be opened. Nothing was changed by trying.',
    next: 'Choose an earlier snapshot, and tell support the request id.',
  },
  release_unknown: {
    when: 'The OpenClaw version is not one that may be chosen here. On a laptop, versions besides the newest are there once asked for.',
    next: 'Choose one that `/api/v1/releases` lists. On a laptop: `npm start -- --release <version>`.',
  },
  release_not_newer: {
    when: 'An older OpenClaw cannot read the state that a newer one wrote, so an assistant is never moved to one by itself.',
    next: 'Roll back, which brings back the state from before as well, or restore a snapshot.',
  },
  rollback_unavailable: {
    when: 'The assistant was not upgraded, or was rolled back already.',
    next: 'Restore a snapshot instead.',
  },
  rollout_open: {
    when: 'Another rollout of the same release is running or paused. A release has one open rollout at a time.',
    next: 'Halt that one first, or let it end.',
  },
  rollout_not_allowed: {
    when: 'A rollout was told to pause, resume or halt, and its state does not allow it. One that is done stays done.',
    next: 'Look at it again, or begin another one.',
  },
  scratch_busy: {
    when: 'A restore or an upgrade of this assistant is being tried out beside it, and only one trial runs at a time.',
    next: 'Wait until it has ended; a trial takes a few minutes at most.',
  },
  nothing_saved: {
    when: 'The assistant has no snapshot yet, so there is nothing to restore.',
    next: 'Let it run once and go to sleep.',
  },
  import_unknown: {
    when: 'The upload was never there, or its record was removed.',
    next: 'Begin a new one.',
  },
  import_too_large: {
    when: 'Packed, an upload has at most half of what the disk of the assistant holds.',
    next: 'Leave out what the assistant does not need, such as `node_modules`, or choose a larger size.',
  },
  import_part_unexpected: {
    when: 'Parts of an upload come in order, each of 8 MiB but the last.',
    next: 'Read the upload; `nextPart` says which one is expected.',
  },
  import_not_startable: {
    when: 'Only an upload that has arrived whole, and was not converted before, can be converted.',
    next: 'Send the missing parts, or begin a new upload.',
  },
  import_in_use: {
    when: 'An upload was to be discarded, and the assistant goes on from what it became, or may come back to it by Undo.',
    next: 'Leave it: it is one of the assistant’s snapshots now and is removed with time.',
  },
  import_not_ready: {
    when: 'Only an upload that was converted can take the place of the present state.',
    next: 'Wait until it is ready; a conversion takes a minute or two.',
  },
  pairing_gone: {
    when: 'The device or sender that you answered does not wait any more: somebody else answered, it gave up, or its time was over.',
    next: 'Look at the list again. Who still wants in asks again.',
  },
  member_exists: {
    when: 'An invitation to an address whose account is in the organisation already.',
    next: 'Change that person’s role instead.',
  },
  member_last_owner: {
    when: 'The only owner was to leave, to be removed, or to get another role.',
    next: 'Make somebody else an owner first.',
  },
  invitation_invalid: {
    when: 'The link of an invitation is unknown, was used, taken back or sent again since, or is older than a week; or whoever sent it may not invite any more. All look the same.',
    next: 'Ask whoever invited you to send it again.',
  },
  invitation_other_address: {
    when: 'You are signed in with another address than the one that the invitation was sent to.',
    next: 'Sign out and open the link again with an account of that address.',
  },
  version_stale: {
    when: 'What you change was changed by somebody else since you read it.',
    next: 'Read it again and make your change on top of it.',
  },
  generation_stale: {
    when: 'Somebody else changed the assistant at the same time.',
    next: 'Look at it again and repeat your change.',
  },
  incarnation_stale: {
    when: 'A container run that was replaced asked for something.',
    next: 'Nothing: the run that replaced it goes on.',
  },
  origin_forbidden: {
    when: 'A change with your session came from another site, or from a program that did not say where it comes from.',
    next: 'Use the dashboard. A program sends the dashboard’s address as its `origin` header.',
  },
  host_unknown: {
    when: 'Tidepool is not served under the host name that was used.',
    next: 'Use the address in the answer.',
  },
  path_blocked: {
    when: 'The path exists in OpenClaw, but is not open here.',
    next: 'Nothing; these paths are for machines inside.',
  },
  handoff_invalid: {
    when: 'A sign-in link works once, for a minute, in the browser that asked for it.',
    next: 'Open the assistant from the dashboard again.',
  },
  session_expired: {
    when: 'The session on the assistant’s own address has ended.',
    next: 'Open it again; you are asked to sign in if need be.',
  },
  websocket_required: {
    when: 'The path is for WebSockets only.',
    next: 'Open it with a WebSocket client.',
  },
  ai_cap_reached: {
    when: 'The month’s spending cap of the assistant would be passed. The model was not called.',
    next: 'Raise the cap in the assistant’s settings, or wait for the next month.',
  },
  ai_day_budget_reached: {
    when: 'The AI budget that the assistant has for a UTC day would be passed. The model was not called.',
    next: 'Raise the budget of the day on the Usage page, which takes effect at once, or go on tomorrow.',
  },
  ai_model_budget_reached: {
    when: 'The monthly budget that the assistant has for this model would be passed. The model was not called.',
    next: 'Choose another model, or raise this budget on the Usage page.',
  },
  ai_organisation_limit_reached: {
    when: 'All assistants of the organisation together have spent what its plan and balance allow in a month, or what the organisation allows itself. The model was not called.',
    next: 'Top up or choose a larger plan on the Billing page, or raise the organisation’s budget there; the message says which.',
  },
  ai_spend_paused: {
    when: 'The fuse has paused the model requests of the assistant: the same request was charged again and again, or an hour cost many times what a busy one does.',
    next: 'Look at the Usage page, then let them go on there. The fuse can be switched off there too.',
  },
  ai_model_not_allowed: {
    when: 'The model is not among those that the people of this assistant allow. It was not called.',
    next: 'Choose another model in the conversation, or allow this one on the Models page of the assistant.',
  },
  ai_model_rate_limited: {
    when: 'More requests went to this model in a minute than the people of this assistant allow, and no fallback could answer.',
    next: 'Wait a minute, or raise the limit on the Models page of the assistant.',
  },
  ai_model_unpriced: {
    when: 'The model has no price here, so its cost could not be held against the cap.',
    next: 'Choose a model from the list in the assistant’s settings.',
  },
  ai_path_not_allowed: {
    when: 'The model provider has such an address, but it is not open here.',
    next: 'Use messages, chat completions or responses.',
  },
  ai_upstream_unreachable: {
    when: 'The model provider did not answer.',
    next: 'Try again; what was not used is not charged.',
  },
  ai_key_refused: {
    when: 'The provider refused the model key that you stored, or its account cannot pay. Nothing was charged here, and the platform’s own account was not used instead.',
    next: 'Replace the key on the Secrets page of the assistant, or delete it there to use the platform’s models again.',
  },
  secret_in_use: {
    when: 'A secret that is in use was to be deleted without saying so. The answer lists what uses it. Nothing was deleted.',
    next: 'Look at the list, then send the request again with `confirmed=true`.',
  },
  egress_denied: {
    when: 'The network policy of the assistant does not allow this request. The answer names the rule that decided.',
    next: 'The owner can allow it on the Network page of the assistant, unless the answer says that nobody can.',
  },
  secret_invalid: {
    when: 'A secret, its name or where it is to be added is not valid. Nothing was stored.',
    next: 'Correct what the answer names and send it again.',
  },
  egress_host_invalid: {
    when: 'A host of a network rule is not one: it has a scheme, port or path in it, is private, or allows strangers.',
    next: 'Write a name such as api.example.com, or *.example.com for its subdomains.',
  },
  billing_off: {
    when: 'This installation charges nothing: no payment provider is set up, and the plan is what its operator chose.',
    next: 'Ask the operator for more.',
  },
  billing_plan_needed: {
    when: 'What the organisation has paid for, or its trial, does not allow this.',
    next: 'Open Billing, which says what is missing and how to go on. Everything is kept meanwhile.',
  },
  billing_subscribed: {
    when: 'A checkout was asked for, but the organisation has a plan.',
    next: 'Change the plan instead of buying a second one.',
  },
  billing_not_subscribed: {
    when: 'A plan was to be changed or ended, but the organisation has none.',
    next: 'Choose a plan first.',
  },
  billing_payment_refused: {
    when: 'The card was refused for what had to be paid at once. Nothing was changed.',
    next: 'Give another card on the payment page, then try again.',
  },
  billing_unavailable: {
    when: 'The payment provider does not answer. What runs goes on running.',
    next: 'Try again in a moment.',
  },
  billing_signature: {
    when: 'A message to the webhook address has no valid signature, or is older than five minutes.',
    next: 'Compare STRIPE_WEBHOOK_SECRET with the secret of the endpoint at the payment provider.',
  },
  upstream_unavailable: {
    when: 'A part of Tidepool, such as its database, is not available.',
    next: 'Try again in a moment, with the same Idempotency-Key.',
  },
  internal: {
    when: 'Something failed on our side.',
    next: 'Try again; if it goes on, tell support the request id.',
  },
};

const intro =
  'Every error answer is a problem (RFC 9457, `application/problem+json`): `code` is stable and for programs, `detail` says ' +
  'what happened, `next` what to do, `requestId` is what support asks for.';

/** docs/errors.md, whole. */
export function errorsMarkdown(): string {
  const sections = errorCodes.map((code) => {
    const { status, title, retryable } = errorCatalogue[code];
    const again = retryable ? 'may work later' : 'fails again as it is';
    return `## ${code}\n\n${title}. HTTP ${status}; the same request ${again}.\n\n${errorDocs[code].when}\n\n**What to do:** ${errorDocs[code].next}\n`;
  });
  return `# Errors\n\n${intro}\n\nWritten from \`apps/control-plane/src/core/error-docs.ts\`; a test compares.\n\n${sections.join('\n')}`;
}

/**
 * The error catalogue: every code the API, the tenant host or a page may answer with, its HTTP status,
 * and whether the same request may succeed later. Each code has a section in docs/errors.md (a test compares).
 */

export interface ErrorKind {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

export const errorCatalogue = {
  bad_request: { status: 400, title: 'The request is malformed', retryable: false },
  validation_failed: { status: 422, title: 'A field is not valid', retryable: false },
  unauthenticated: { status: 401, title: 'Sign in first', retryable: false },
  forbidden: { status: 403, title: 'Your role does not allow this', retryable: false },
  not_found: { status: 404, title: 'There is nothing here', retryable: false },
  method_not_allowed: { status: 405, title: 'This address does not take that method', retryable: false },
  idempotency_key_missing: { status: 400, title: 'An Idempotency-Key is needed', retryable: false },
  idempotency_key_reused: { status: 409, title: 'The Idempotency-Key was used for another request', retryable: false },
  request_timeout: { status: 408, title: 'The request took too long to arrive', retryable: true },
  body_too_large: { status: 413, title: 'The body is too large', retryable: false },
  human_check_failed: { status: 422, title: 'The check for a person was not passed', retryable: false },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  slug_malformed: { status: 422, title: 'The address is not valid', retryable: false },
  slug_reserved: { status: 422, title: 'The address is reserved', retryable: false },
  slug_confusable: { status: 422, title: 'The address looks like a protected name', retryable: false },
  slug_taken: { status: 409, title: 'The address is taken', retryable: false },
  quota_reached: { status: 409, title: 'The plan allows no more', retryable: false },
  tenant_unknown: { status: 404, title: 'There is no assistant at this address', retryable: false },
  tenant_deleted: { status: 410, title: 'This assistant was deleted', retryable: false },
  tenant_suspended: { status: 402, title: 'This assistant is suspended', retryable: false },
  tenant_waking: { status: 503, title: 'The assistant is waking', retryable: true },
  tenant_asleep: { status: 503, title: 'The assistant is asleep', retryable: true },
  tenant_needs_operator: { status: 503, title: 'The assistant needs an operator', retryable: false },
  tenant_state_unreadable: { status: 500, title: 'The assistant state cannot be read', retryable: false },
  tenant_not_startable: { status: 409, title: 'The assistant cannot be started now', retryable: true },
  tenant_unreachable: { status: 502, title: 'The assistant did not answer', retryable: true },
  snapshot_unknown: { status: 404, title: 'There is no such snapshot', retryable: false },
  export_nothing_saved: { status: 409, title: 'Nothing is saved yet', retryable: true },
  export_unreadable: { status: 500, title: 'The saved state cannot be read back', retryable: true },
  release_unknown: { status: 422, title: 'This OpenClaw version cannot be chosen', retryable: false },
  release_not_newer: { status: 409, title: 'This version is older than the one that runs', retryable: false },
  rollback_unavailable: { status: 409, title: 'There is nothing to go back to', retryable: false },
  rollout_open: { status: 409, title: 'A rollout of this release is open', retryable: false },
  rollout_not_allowed: { status: 409, title: 'The rollout is in another state', retryable: false },
  scratch_busy: { status: 409, title: 'A trial is already under way', retryable: true },
  nothing_saved: { status: 409, title: 'Nothing was saved yet', retryable: false },
  snapshot_without_inventory: { status: 409, title: 'The snapshot cannot be compared', retryable: false },
  snapshot_too_new: { status: 409, title: 'The snapshot is of a newer version', retryable: false },
  snapshot_file_unknown: { status: 404, title: 'The snapshot holds no such file', retryable: false },
  snapshot_file_too_large: { status: 413, title: 'The file is too large to be taken by itself', retryable: false },
  snapshot_file_refused: { status: 409, title: 'This file is not put back by itself', retryable: false },
  import_unknown: { status: 404, title: 'There is no such upload', retryable: false },
  import_too_large: { status: 413, title: 'The upload is too large', retryable: false },
  import_part_unexpected: { status: 409, title: 'Another part is expected', retryable: false },
  import_not_startable: { status: 409, title: 'The upload cannot be converted now', retryable: false },
  import_in_use: { status: 409, title: 'The upload is in use', retryable: false },
  import_not_ready: { status: 409, title: 'The upload is not converted', retryable: true },
  pairing_gone: { status: 409, title: 'Nobody waits there any more', retryable: false },
  member_exists: { status: 409, title: 'This person is in the organisation already', retryable: false },
  member_last_owner: { status: 409, title: 'An organisation always has an owner', retryable: false },
  invitation_invalid: { status: 410, title: 'The invitation does not work any more', retryable: false },
  invitation_other_address: { status: 403, title: 'The invitation is for another address', retryable: false },
  version_stale: { status: 409, title: 'It was changed by somebody else meanwhile', retryable: false },
  generation_stale: { status: 409, title: 'A newer change was already applied', retryable: false },
  incarnation_stale: { status: 409, title: 'This container run was replaced', retryable: false },
  origin_forbidden: { status: 403, title: 'Another site sent this request', retryable: false },
  host_unknown: { status: 421, title: 'This host is not served here', retryable: false },
  path_blocked: { status: 404, title: 'This path is not open', retryable: false },
  handoff_invalid: { status: 400, title: 'The sign-in link does not work any more', retryable: false },
  session_expired: { status: 401, title: 'The session has ended', retryable: false },
  websocket_required: { status: 426, title: 'A WebSocket upgrade is needed', retryable: false },
  ai_cap_reached: { status: 402, title: 'The spending cap is reached', retryable: false },
  ai_day_budget_reached: { status: 402, title: "The day's budget is reached", retryable: true },
  ai_model_budget_reached: { status: 402, title: "The model's budget is reached", retryable: false },
  ai_organisation_limit_reached: { status: 402, title: "The organisation's limit is reached", retryable: false },
  ai_spend_paused: { status: 402, title: 'Model requests are paused', retryable: false },
  ai_model_not_allowed: { status: 404, title: 'The model is not allowed', retryable: false },
  ai_model_rate_limited: { status: 429, title: 'The limit of this model is reached', retryable: true },
  ai_model_unpriced: { status: 400, title: 'The model has no price here', retryable: false },
  ai_path_not_allowed: { status: 404, title: 'The model API path is not open', retryable: false },
  ai_upstream_unreachable: { status: 502, title: 'The model provider did not answer', retryable: true },
  ai_key_refused: { status: 401, title: 'Your own model key was refused', retryable: false },
  secret_in_use: { status: 409, title: 'The secret is in use', retryable: false },
  egress_denied: { status: 403, title: 'The network policy refused this', retryable: false },
  secret_invalid: { status: 422, title: 'The secret cannot be stored', retryable: false },
  egress_host_invalid: { status: 422, title: 'This host cannot stand in a network rule', retryable: false },
  billing_off: { status: 409, title: 'Nothing is charged here', retryable: false },
  billing_plan_needed: { status: 402, title: 'A plan is needed for this', retryable: false },
  billing_subscribed: { status: 409, title: 'There is a plan already', retryable: false },
  billing_not_subscribed: { status: 409, title: 'There is no plan to change', retryable: false },
  billing_payment_refused: { status: 402, title: 'The payment was refused', retryable: false },
  billing_unavailable: { status: 503, title: 'The payment provider does not answer', retryable: true },
  billing_signature: { status: 400, title: 'The message is not signed by the payment provider', retryable: false },
  upstream_unavailable: { status: 503, title: 'A part of Tidepool is not available', retryable: true },
  internal: { status: 500, title: 'Something failed on our side', retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

/** All codes, for tests and documentation. */
export const errorCodes = Object.keys(errorCatalogue) as ErrorCode[];

/** The body of every error answer (RFC 9457 problem details, `application/problem+json`). */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  /** What happened, in a sentence. */
  readonly detail: string;
  /** What to do next, in a sentence. */
  readonly next: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface AppErrorOptions {
  readonly detail: string;
  readonly next: string;
  readonly errors?: ProblemDetails['errors'];
  /** For the log only: never sent. */
  readonly cause?: unknown;
  readonly retryAfterSeconds?: number;
}

/** A refusal thrown inside one process; rendered once, at the HTTP edge. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly options: AppErrorOptions;

  constructor(code: ErrorCode, options: AppErrorOptions) {
    super(options.detail, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.options = options;
  }
}

/** Builds the problem body. `docsOrigin` is where docs/errors.md is served (the platform origin). */
export function toProblem(error: AppError, requestId: string, docsOrigin: string): ProblemDetails {
  const kind = errorCatalogue[error.code];
  return {
    type: `${docsOrigin}/docs/errors#${error.code}`,
    title: kind.title,
    status: kind.status,
    code: error.code,
    detail: error.options.detail,
    next: error.options.next,
    requestId,
    ...(error.options.errors ? { errors: error.options.errors } : {}),
  };
}

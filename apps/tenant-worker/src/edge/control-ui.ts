/**
 * The Control UI answered by the cell: files of the tenant's release in every state, and its page while the assistant is on
 * its way. Called only for an admitted session. What is not there is the gateway's to answer.
 */
import { controlUiFile, isControlUiPage } from '../core/edge/control-ui.ts';
import type { StatusView } from '../core/edge/pages/status.ts';
import type { GateContext } from './gate.ts';

/** A release's page, as its gateway would serve it. */
export interface ControlUiPage {
  readonly html: string;
  /** The scripts within it, as CSP sources. */
  readonly scriptHashes: readonly string[];
}

/** The static files that this cell carries, by release. Neither call rejects: what cannot be read is not there. */
export interface ControlUiFiles {
  /** @param path as `controlUiFile` gave it, below the release */
  file(release: string, path: string, method: string): Promise<Response | null>;
  page(release: string): Promise<ControlUiPage | null>;
}

/** Null: ask the gateway. */
export async function answerFile(
  context: GateContext,
  tenant: { release: string; gatewayRuns: boolean },
): Promise<Response | null> {
  const { deps, request, answers } = context;
  const file = controlUiFile(request, tenant.gatewayRuns);
  if (file === null || request.isWebSocket) return null;
  const found = await deps.controlUi.file(tenant.release, file.path, request.method);
  return found === null ? null : answers.controlUiFile(found, file.isImmutable);
}

/** Null: show the page that waits. */
export async function answerPage(context: GateContext, release: string, view: StatusView): Promise<Response | null> {
  const { deps, request, answers } = context;
  if (!isControlUiPage(request.path)) return null;
  const page = await deps.controlUi.page(release);
  return page === null ? null : answers.controlUiPage(page, view);
}

/**
 * The page a person sees while an assistant is not awake: what is happening, step by step with times, and how long it
 * usually takes. It polls our own status address, which wakes nothing, and opens the assistant when it is ready.
 */
import { escapeHtml, renderDocument } from './document.ts';
import type { StatusView } from './status.ts';
import { duration } from './status.ts';
import { waitingScript } from './waiting-script.ts';

export interface WaitingPage {
  readonly nonce: string;
  readonly platformOrigin: string;
  readonly view: StatusView;
}

export function renderWaitingPage(page: WaitingPage): string {
  const { view } = page;
  const elapsedMs = view.kind !== 'waiting' || view.sinceMs === null ? null : view.nowMs - view.sinceMs;
  const problem = view.kind !== 'waiting' && view.kind !== 'asleep';
  const main = `<h1 id="headline">${escapeHtml(view.headline)}</h1>
<p id="sentence" class="dim">${escapeHtml(view.sentence)}</p>
<p id="announce" class="spoken" role="status" aria-live="polite"></p>
<p id="trouble" class="bad" role="status" aria-live="polite"></p>
<p id="clock" class="row dim"${elapsedMs === null ? ' hidden' : ''}><span id="usual">${escapeHtml(usual(view, elapsedMs ?? 0))}</span><span id="elapsed" class="num">${elapsedMs === null ? '' : duration(elapsedMs)}</span></p>
<ol id="steps" aria-label="Steps"${view.steps.length === 0 ? ' hidden' : ''}>${view.steps.map((step) => stepItem(step, view.nowMs)).join('')}</ol>
<div class="actions">
<button id="wake" type="button"${view.kind === 'asleep' ? '' : ' hidden'}>Wake it now</button>
${problem ? `<a class="button" href="${escapeHtml(page.platformOrigin)}">Open the dashboard</a>` : ''}
</div>
<noscript><p>This page cannot update itself without JavaScript. Reload it in a few seconds.</p></noscript>`;
  return renderDocument({
    nonce: page.nonce,
    title: view.headline,
    main,
    script: { source: waitingScript, data: view },
    platformOrigin: page.platformOrigin,
  });
}

/** The script says the same, live. */
function usual(view: StatusView, elapsedMs: number): string {
  if (view.attempt > 1) return `Attempt ${view.attempt}`;
  if (view.usualMs === null) return 'Elapsed';
  const about = `about ${Math.max(1, Math.round(view.usualMs / 1000))} s`;
  return elapsedMs > view.usualMs * 1.5 ? `Longer than usual (${about})` : `Usually ${about}`;
}

function stepItem(step: StatusView['steps'][number], nowMs: number): string {
  const took = duration((step.endedAtMs ?? nowMs) - step.startedAtMs);
  return `<li><span class="mark ${step.mark}" aria-hidden="true"></span><span>${escapeHtml(step.label)}</span><span>${took}</span></li>`;
}

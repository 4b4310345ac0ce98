/**
 * Puts the keeper's own times on the steps of a start. The object learns of them by looking, some hundred milliseconds
 * late and sometimes never; what a person is shown is when they happened. Pure.
 */
import type { OperationStep } from '../../../../control-plane/src/contract/tenant-rpc.ts';

/** A step of the keeper, by its clock. */
export interface KeeperStep {
  readonly name: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly ok: boolean | null;
}

/** Steps an operation can hold. */
const stepsMax = 32;

/**
 * The steps with `configure` and all after it as the keeper saw them: configure (render, check), gateway (until it
 * listens), health (until it is ready). Unchanged when the keeper has not begun, or no start was asked for.
 */
export function withKeeperTimes(
  steps: readonly OperationStep[],
  keeper: readonly KeeperStep[],
  nowMs: number,
): readonly OperationStep[] {
  const at = steps.findLastIndex((step) => step.name === 'configure');
  const asked = steps[at];
  const render = keeper.findLast((step) => step.name === 'config.render');
  if (asked === undefined || asked.ok === false || render === undefined) return steps;
  const check = keeper.findLast((step) => step.name === 'config.validate') ?? render;
  const listen = keeper.findLast((step) => step.name === 'gateway.listen');
  const ready = keeper.findLast((step) => step.name === 'gateway.ready');

  // Another machine's clock: what does not fit between the request and now is moved as a whole.
  const last = ready?.endedAtMs ?? ready?.startedAtMs ?? listen?.startedAtMs ?? check.startedAtMs;
  const shiftMs =
    render.startedAtMs < asked.startedAtMs ? asked.startedAtMs - render.startedAtMs : Math.min(0, nowMs - last);
  const fit = (ms: number): number => Math.min(Math.max(ms + shiftMs, asked.startedAtMs), nowMs);

  // Between the check and the process the config is put in place: that belongs to the gateway's step.
  const configured = listen === undefined ? null : fit(check.endedAtMs ?? listen.startedAtMs);
  const begun: OperationStep[] = [closed('configure', asked.startedAtMs, configured, true)];
  if (listen !== undefined && configured !== null) {
    const listening = listen.endedAtMs === null ? null : fit(listen.endedAtMs);
    begun.push(closed('gateway', configured, listening, listen.ok));
    if (listening !== null && ready !== undefined)
      begun.push(closed('health', listening, ready.endedAtMs === null ? null : fit(ready.endedAtMs), ready.ok));
  }
  return [...steps.slice(0, at), ...begun].slice(-stepsMax);
}

function closed(
  name: OperationStep['name'],
  startedAtMs: number,
  endedAtMs: number | null,
  ok: boolean | null,
): OperationStep {
  return { name, startedAtMs, endedAtMs, ok: endedAtMs === null ? null : ok };
}

/** The stand-in's log while it runs: each line is on disk before the last bytes of its answer leave; what the log API shows. */
import { appendFileSync } from 'node:fs';
import { allInput } from '../prices.ts';
import type { Ended, LogLine } from '../upstream-log.ts';

export class CallLog {
  readonly #file: string;
  readonly #ended = new Map<string, Ended[]>();

  constructor(file: string) {
    this.#file = file;
  }

  add(line: LogLine): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    if (line.kind === 'ended') this.#ended.set(line.request, [...(this.#ended.get(line.request) ?? []), line]);
  }

  /** What AI Gateway's log API says of one request; empty until it shows it. */
  shown(request: string, nowMs: number): Record<string, unknown>[] {
    const shown = (this.#ended.get(request) ?? []).filter((entry) => entry.shownAtMs <= nowMs);
    return shown.map((entry) => ({
      id: `log_${entry.request}`,
      created_at: new Date(entry.endedAtMs).toISOString(),
      provider: entry.provider,
      model: entry.model,
      status_code: entry.status,
      success: entry.bill !== null,
      cached: false,
      tokens_in: entry.bill === null ? 0 : allInput(entry.bill.tokens),
      tokens_out: entry.bill?.tokens.output ?? 0,
      cost: (entry.bill?.nanoUsd ?? 0) / 1e9,
      metadata: JSON.stringify({ tenant: entry.tenant, request: entry.request }),
    }));
  }
}

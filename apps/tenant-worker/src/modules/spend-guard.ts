/**
 * What watches over a tenant's spending: alerts, each once a period, and the fuse, which pauses model requests when
 * spending is out of line. Owns `spend_alert` (the highest level told of a budget and period) and `spend_fuse` (one row:
 * the present pause, and from when spending counts anew).
 *
 * Everything is derived from the ledger's absolute totals: what a crash kept from being noticed is noticed with the next
 * charge. The callers run `charged` and `refused` in the transaction that also keeps what they return, so that a notice is
 * told exactly as often as it is remembered. In memory are only the last charged bodies and what a dear hour costs; both
 * are read from the ledger when the object is built.
 */
import type {
  AlertLevel,
  BudgetName,
  BudgetUse,
  SpendingView,
  SpendNotice,
} from '../../../control-plane/src/contract/budgets.ts';
import { SpendPause } from '../../../control-plane/src/contract/budgets.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { budgetPeriod, budgetsOf, levelReached, type SpendLimits } from '../core/metering/budget.ts';
import {
  bodiesKept,
  dearHourNanoUsd,
  judgeFuse,
  rateHistoryMs,
  rateThreshold,
  timesCharged,
  type ChargedBody,
  type Trip,
} from '../core/metering/spend-guard.ts';
import type { Clock, Ids, Migration, Sql } from '../ports.ts';
import type { Ledger } from './ledger.ts';
import { number, textOrNull } from './row.ts';

export const SPEND_GUARD_MIGRATIONS: readonly Migration[] = [
  {
    id: 'spend-guard/1',
    sql: [
      `CREATE TABLE spend_alert (
        budget TEXT NOT NULL,
        period TEXT NOT NULL,
        level INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (budget, period)
      ) WITHOUT ROWID`,
      `CREATE TABLE spend_fuse (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        /* JSON; null while model requests may go on. */
        pause TEXT,
        resumed_at_ms INTEGER NOT NULL,
        /* What the hour of the last resumption had cost until then: it does not count again. */
        resumed_hour_nano_usd INTEGER NOT NULL
      )`,
      'INSERT INTO spend_fuse VALUES (1, NULL, 0, 0)',
    ],
  },
];

const hourMs = 3_600_000;
/** Alerts of periods that ended longer ago than any of them lasts. */
const alertKeptMs = 62 * 86_400_000;

interface FuseRow {
  readonly pause: SpendPause | null;
  readonly resumedAtMs: number;
  readonly resumedHourNanoUsd: number;
}

interface Deps {
  readonly sql: Sql;
  readonly ledger: Pick<Ledger, 'uses' | 'hoursCharged' | 'bodiesCharged'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

export class SpendGuard {
  readonly #deps: Deps;
  /** The last charged bodies, oldest first; null until they are needed. */
  #bodies: ChargedBody[] | null = null;
  /** What a dear hour costs, as of the hour it was worked out in. */
  #dear: { readonly hourStartMs: number; readonly nanoUsd: number | null } | null = null;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** The pause that holds now, or null. @throws when what is stored cannot be read: then nothing is called */
  pause(): SpendPause | null {
    return this.#fuseRow().pause;
  }

  /** These requests were charged: what its people have to be told, once. */
  charged(limits: SpendLimits, requestIds: readonly string[]): SpendNotice[] {
    return [...this.#alerts(limits), ...this.#trip(limits, requestIds)];
  }

  /** A request was refused: the budget is reached, whatever is left of it. */
  refused(use: BudgetUse): SpendNotice[] {
    return this.#alert(use, 100);
  }

  /** Model requests may go on; false when that pause is not the present one. */
  resume(pauseId: string): boolean {
    const { sql, clock } = this.#deps;
    if (this.pause()?.id !== pauseId) return false;
    const nowMs = clock.nowMs();
    sql.exec(
      'UPDATE spend_fuse SET pause = NULL, resumed_at_ms = ?, resumed_hour_nano_usd = ? WHERE id = 1',
      nowMs,
      this.#hourNanoUsd(nowMs),
    );
    return true;
  }

  view(limits: SpendLimits): SpendingView {
    const { ledger, clock } = this.#deps;
    const nowMs = clock.nowMs();
    return {
      budgets: ledger.uses(budgetsOf(limits, nowMs)),
      fuse: {
        on: limits.budgets?.fuse ?? true,
        pause: this.pause(),
        hourNanoUsd: this.#hourNanoUsd(nowMs),
        tripsAboveNanoUsd: rateThreshold(this.#dearHour(nowMs)),
      },
    };
  }

  #alerts(limits: SpendLimits): SpendNotice[] {
    const { ledger, clock } = this.#deps;
    return ledger.uses(budgetsOf(limits, clock.nowMs())).flatMap((use) => {
      const level = levelReached(use);
      return level === null ? [] : this.#alert(use, level);
    });
  }

  #alert(use: BudgetUse, level: AlertLevel): SpendNotice[] {
    const { sql, clock } = this.#deps;
    const budget = alertKey(use.name);
    if (budget === null) return [];
    const nowMs = clock.nowMs();
    const period = budgetPeriod(use.name, nowMs);
    const told = sql.exec('SELECT level FROM spend_alert WHERE budget = ? AND period = ?', budget, period)[0];
    if (told !== undefined && number(told, 'level') >= level) return [];
    sql.exec('DELETE FROM spend_alert WHERE at_ms < ?', nowMs - alertKeptMs);
    sql.exec('INSERT OR REPLACE INTO spend_alert VALUES (?, ?, ?, ?)', budget, period, level, nowMs);
    return [{ kind: 'alert', use, level, period }];
  }

  #trip(limits: SpendLimits, requestIds: readonly string[]): SpendNotice[] {
    const { sql, ledger, clock, ids } = this.#deps;
    const { pause: present, resumedAtMs, resumedHourNanoUsd } = this.#fuseRow();
    const bodies = this.#remember(requestIds);
    if (present !== null || limits.budgets?.fuse === false) return [];
    const nowMs = clock.nowMs();
    const counted = bodies.filter(({ atMs }) => atMs > resumedAtMs);
    const fresh = ledger.bodiesCharged({ requestIds });
    const resumedThisHour = hourOf(resumedAtMs) === hourOf(nowMs);
    const trip = judgeFuse({
      times: Math.max(0, ...fresh.map((body) => timesCharged(counted, body))),
      hourNanoUsd: this.#hourNanoUsd(nowMs) - (resumedThisHour ? resumedHourNanoUsd : 0),
      dearNanoUsd: this.#dearHour(nowMs),
    });
    if (trip === null) return [];
    const pause = toPause(trip, ids.ulid(), nowMs);
    sql.exec('UPDATE spend_fuse SET pause = ? WHERE id = 1', JSON.stringify(pause));
    return [{ kind: 'paused', pause }];
  }

  /** The last charged bodies with these, oldest first. The first call reads what the ledger has. */
  #remember(requestIds: readonly string[]): readonly ChargedBody[] {
    const { ledger } = this.#deps;
    const bodies =
      this.#bodies === null
        ? ledger.bodiesCharged({ limit: bodiesKept }).toReversed()
        : [...this.#bodies, ...ledger.bodiesCharged({ requestIds })].slice(-bodiesKept);
    this.#bodies = bodies;
    return bodies;
  }

  #hourNanoUsd(nowMs: number): number {
    const hourStartMs = hourOf(nowMs);
    return this.#deps.ledger.hoursCharged(hourStartMs).get(hourStartMs) ?? 0;
  }

  #dearHour(nowMs: number): number | null {
    const hourStartMs = hourOf(nowMs);
    if (this.#dear?.hourStartMs !== hourStartMs) {
      const hours = [...this.#deps.ledger.hoursCharged(hourStartMs - rateHistoryMs)];
      const before = hours.filter(([atMs]) => atMs < hourStartMs).map(([, nanoUsd]) => nanoUsd);
      this.#dear = { hourStartMs, nanoUsd: dearHourNanoUsd(before) };
    }
    return this.#dear.nanoUsd;
  }

  #fuseRow(): FuseRow {
    const row = this.#deps.sql.exec('SELECT * FROM spend_fuse WHERE id = 1')[0];
    if (row === undefined) throw new Error('the fuse has no row');
    const pause = textOrNull(row, 'pause');
    return {
      pause: pause === null ? null : SpendPause.parse(JSON.parse(pause)),
      resumedAtMs: number(row, 'resumed_at_ms'),
      resumedHourNanoUsd: number(row, 'resumed_hour_nano_usd'),
    };
  }
}

const hourOf = (atMs: number): number => atMs - (atMs % hourMs);

/** Null for the organisation's share: the control plane tells of it, once for all assistants. */
function alertKey(name: BudgetName): string | null {
  switch (name.kind) {
    case 'month':
    case 'day':
      return name.kind;
    case 'model':
      return `model:${name.model}`;
    case 'shared':
      return null;
    default:
      return unreachable(name);
  }
}

function toPause(trip: Trip, id: string, atMs: number): SpendPause {
  switch (trip.why) {
    case 'repeated':
      return { ...trip, id, atMs };
    case 'rate':
      return { ...trip, id, atMs };
    default:
      return unreachable(trip);
  }
}

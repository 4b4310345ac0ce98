/**
 * A tenant's spending, put together: the ledger with the fuse before it, and the notices that charges and refusals owe.
 * A notice leaves in the transaction that remembers it; the outbox keeps it until the control plane has applied it.
 */
import type { BudgetUse, SpendingView, SpendNotice } from '../../../control-plane/src/contract/budgets.ts';
import type { AiDispatchDeps } from '../ai/dispatch.ts';
import type { SpendLimits } from '../core/metering/budget.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Ledger } from '../modules/ledger.ts';
import type { Outbox } from '../modules/outbox.ts';
import type { SpendGuard } from '../modules/spend-guard.ts';
import type { Clock, Sql } from '../ports.ts';

interface Deps {
  readonly sql: Sql;
  readonly ledger: Ledger;
  readonly guard: SpendGuard;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** The tenant's record as it is now; null before there is one. */
  readonly read: () => TenantRecord | null;
  /** Saves the record, so that a report with the change goes out. */
  readonly save: (record: TenantRecord) => void;
  readonly flush: () => void;
}

export interface Spending {
  /** The ledger as model calls see it: nothing is reserved while the fuse has paused them. */
  readonly ledger: AiDispatchDeps['ledger'];
  /** For the transaction that takes receipts out of the ledger. */
  charged(record: TenantRecord, requestIds: readonly string[]): void;
  budgetReached(use: BudgetUse): void;
  resume(pauseId: string): void;
  view(record: TenantRecord): SpendingView;
}

export function limitsOf({ spec }: TenantRecord): SpendLimits {
  return { capNanoUsd: spec.aiCapNanoUsdPerMonth, budgets: spec.budgets };
}

export function createSpending(deps: Deps): Spending {
  const { sql, ledger, guard, outbox, clock } = deps;

  const tell = ({ tenantId, slug }: TenantRecord, notices: readonly SpendNotice[]): void => {
    for (const notice of notices)
      outbox.put(noticeKey(notice), { tenantId, slug, kind: 'spend', notice }, clock.nowMs());
  };

  return {
    ledger: {
      reserve(request) {
        // What the customer's own key pays is not ours to stop.
        const pause = request.byok ? null : guard.pause();
        return pause === null ? ledger.reserve(request) : { ok: false, reason: 'paused', pause };
      },
      settle: (requestId, settlement) => ledger.settle(requestId, settlement),
      release: (requestId, why) => ledger.release(requestId, why),
      markUnknown: (requestId, why) => ledger.markUnknown(requestId, why),
      currentPeriod: () => ledger.currentPeriod(),
      periodTotal: (periodKey) => ledger.periodTotal(periodKey),
    },

    charged(record, requestIds) {
      tell(record, guard.charged(limitsOf(record), requestIds));
    },

    budgetReached(use) {
      const record = deps.read();
      if (record === null) return;
      const told = sql.transaction(() => {
        const notices = guard.refused(use);
        tell(record, notices);
        return notices.length;
      });
      if (told > 0) deps.flush();
    },

    resume(pauseId) {
      const record = deps.read();
      if (record === null) return;
      const resumed = sql.transaction(() => {
        const done = guard.resume(pauseId);
        if (done) deps.save(record);
        return done;
      });
      if (resumed) deps.flush();
    },

    view: (record) => guard.view(limitsOf(record)),
  };
}

function noticeKey(notice: SpendNotice): string {
  if (notice.kind === 'paused') return `spend:paused:${notice.pause.id}`;
  const { use, period, level } = notice;
  const of = use.name.kind === 'model' ? `model:${use.name.model}` : use.name.kind;
  return `spend:${of}:${period}:${level}`;
}

/** The part of the cell's contract about what a tenant may spend. `TenantControl` takes it in. */
import type { SpendingView } from './budgets.ts';
import type { Result } from './result.ts';
import type { TenantRef } from './tenant-rpc.ts';

export interface BudgetControl {
  /** Budgets, what counts against them, the fuse. Reads; wakes nothing. */
  spending(ref: TenantRef): Promise<Result<SpendingView>>;
  /** Lets model requests go on after a pause. One that is over already, or another than the present, changes nothing. */
  resumeSpending(command: TenantRef & { pauseId: string; byUserId: string }): Promise<Result<SpendingView>>;
}

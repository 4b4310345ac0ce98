/** The part of the cell's contract about models. `TenantControl` takes it in. */
import type { ModelChoice } from './models.ts';
import type { Result } from './result.ts';
import type { TenantRef } from './tenant-rpc.ts';

export interface ModelControl {
  /** Every model that has a price now, and who would pay for it. Reads; wakes nothing. */
  models(ref: TenantRef): Promise<Result<readonly ModelChoice[]>>;
}

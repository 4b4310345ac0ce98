/** The part of the cell's contract about a tenant's secrets. `TenantControl` takes it in. */
import { z } from 'zod';
import type { Result } from './result.ts';
import type { SealedValue, SealingKey, SecretUse, SecretView } from './secrets.ts';
import type { TenantRef } from './tenant-rpc.ts';

/** How far a tenant is after a step. */
export const RotationStep = z.object({
  /** Rows that are still to be moved. */
  left: z.number().int().min(0),
  /** The ring's current key, as this cell has it now. */
  kid: z.string().min(1).max(32),
  /** All ring keys that something of the tenant's still needs, its running containers included. */
  kids: z.array(z.string().max(32)).max(50),
});
export type RotationStep = z.infer<typeof RotationStep>;

export interface SecretControl {
  /** The key to seal values to. The same for all tenants of the cell. */
  sealingKey(): Promise<Result<SealingKey>>;
  secrets(ref: TenantRef): Promise<Result<readonly SecretView[]>>;
  /** Stores or replaces. */
  putSecret(
    command: TenantRef & { name: string; use: SecretUse; value: SealedValue; byUserId: string },
  ): Promise<Result<SecretView>>;
  /** Deleting what is not there changes nothing. One that is in use is deleted only when that is `confirmed`. */
  deleteSecret(
    command: TenantRef & { name: string; byUserId: string; confirmed: boolean },
  ): Promise<Result<{ deleted: boolean }>>;
  /**
   * One step of moving to the current key-encryption key, and, when asked, to new data keys (once for each rotation id).
   * Repeat until `left` is 0.
   */
  rotateSecrets(command: TenantRef & { rotationId: string; newDataKey: boolean }): Promise<Result<RotationStep>>;
}

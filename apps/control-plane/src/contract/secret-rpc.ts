/** The part of the cell's contract about a tenant's secrets. `TenantControl` takes it in. */
import type { Result } from './result.ts';
import type { SealedValue, SealingKey, SecretUse, SecretView } from './secrets.ts';
import type { TenantRef } from './tenant-rpc.ts';

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
  /** One step of moving to the current key-encryption key, and to a new data key when asked. Repeat until `left` is 0. */
  rotateSecrets(command: TenantRef & { newDataKey: boolean }): Promise<Result<{ left: number }>>;
}

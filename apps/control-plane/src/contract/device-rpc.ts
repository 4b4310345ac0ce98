/** The part of the cell's contract about a tenant's devices and senders. `TenantControl` takes it in. */
import type { DeviceChange, DeviceList } from './device-api.ts';
import type { Result } from './result.ts';
import type { TenantRef } from './tenant-rpc.ts';

export interface DeviceControl {
  /** What the assistant says when it is awake, else what it said last. Wakes nothing. */
  devices(ref: TenantRef): Promise<Result<DeviceList>>;
  /** Needs it awake, and does not wake it. The same answer again is `pairing_gone`. */
  changeDevices(command: TenantRef & { change: DeviceChange }): Promise<Result<DeviceList>>;
}

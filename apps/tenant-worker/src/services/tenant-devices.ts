/**
 * Devices and senders: asked of the gateway while it runs, else as it told them last. Looking never wakes; answering
 * needs it awake, because the gateway is who lets in and turns away.
 */
import type { DeviceChange, DeviceList } from '../../../control-plane/src/contract/device-api.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type { DeviceMemory, ToldDevices } from '../modules/devices.ts';

/** Asks the running gateway, after one change if there is any; null when it did not take that. Rejects when it is away. */
export type GatewayPairing = (change: DeviceChange | null) => Promise<ToldDevices | null>;

interface Parts {
  readonly devices: DeviceMemory;
}

export async function listDevices(
  { devices }: Parts,
  gateway: GatewayPairing | null,
  nowMs: number,
): Promise<Result<DeviceList>> {
  const told = gateway === null ? null : await gateway(null).catch(() => null);
  if (told === null) return ok(withoutExpired(devices.read(), nowMs));
  devices.keep(told, nowMs);
  return ok({ asOfMs: nowMs, live: true, ...told });
}

export async function changeDevices(
  { devices }: Parts,
  gateway: GatewayPairing | null,
  { change, nowMs }: { change: DeviceChange; nowMs: number },
): Promise<Result<DeviceList>> {
  if (gateway === null) {
    return err({
      code: 'tenant_asleep',
      detail: 'Devices and senders are answered by the assistant itself, and it is not awake.',
      next: 'Wake it, then answer. Who has given up meanwhile asks again.',
    });
  }
  let told: ToldDevices | null;
  try {
    told = await gateway(change);
  } catch {
    return err({
      code: 'tenant_unreachable',
      detail: 'The assistant runs but did not answer in time; whether it took your answer is not known.',
      next: 'Look at the list again.',
    });
  }
  if (told === null) {
    return err({
      code: 'pairing_gone',
      detail: 'Nobody waits there any more: it was answered already, or its time was over.',
      next: 'Look at the list again. Who still wants in asks again.',
    });
  }
  devices.keep(told, nowMs);
  return ok({ asOfMs: nowMs, live: true, ...told });
}

/** OpenClaw forgets a device that asked and gave up after this long. */
const requestLifeMs = 300_000;

/** Nobody waits at a sleeping gateway for longer than it would remember them. */
function withoutExpired(list: DeviceList, nowMs: number): DeviceList {
  return {
    ...list,
    requests: list.requests.filter(({ askedAtMs }) => askedAtMs + requestLifeMs > nowMs),
    channelRequests: list.channelRequests.filter(({ expiresAtMs }) => expiresAtMs > nowMs),
  };
}

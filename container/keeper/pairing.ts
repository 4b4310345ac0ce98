/**
 * Devices and senders of the running gateway, over OpenClaw's own methods, as the local operator with the password of this
 * run. What comes back is cut to what a person decides by: no key, no token, bounded words.
 */
import { z } from 'zod';
import { connectGateway, type GatewayConnection } from './gateway-rpc.ts';
import type { PairingList, PairingRequest } from './pairing-contract.ts';
import { describeError, Problem } from './problem.ts';

const callTimeoutMs = 8_000;
const many = 200;
const wordsMax = 200;

const text = z.string().transform((value) => value.slice(0, wordsMax));
const optionalText = text.nullish().transform((value) => value ?? null);
const optionalMs = z
  .number()
  .nullish()
  .transform((value) => (value === null || value === undefined ? null : Math.trunc(value)));
const texts = z
  .array(text)
  .nullish()
  .transform((value) => (value ?? []).slice(0, 16));
const id = z.string().min(1).max(wordsMax);

const devicesSchema = z.object({
  pending: z.array(
    z.looseObject({
      requestId: id,
      deviceId: id,
      displayName: optionalText,
      platform: optionalText,
      role: optionalText,
      scopes: texts,
      remoteIp: optionalText,
      ts: z.number(),
    }),
  ),
  paired: z.array(
    z.looseObject({
      deviceId: id,
      displayName: optionalText,
      operatorLabel: optionalText,
      platform: optionalText,
      role: optionalText,
      roles: texts,
      scopes: texts,
      approvedVia: optionalText,
      approvedAtMs: optionalMs,
      lastSeenAtMs: optionalMs,
      connected: z.boolean().default(false),
    }),
  ),
});

const sendersSchema = z.object({
  requests: z.array(
    z.looseObject({
      requestId: id,
      channel: id,
      accountId: id,
      channelLabel: text,
      senderId: text,
      metadata: z.record(z.string(), z.unknown()).optional(),
      createdAt: z.string(),
      expiresAt: z.string(),
    }),
  ),
});

/**
 * Carries out one change, if any, and lists what there is then.
 * @throws Problem `not_found` when OpenClaw refuses the change: it was answered or has expired
 * @throws Error when the gateway cannot be reached
 */
export async function askPairing(options: {
  readonly port: number;
  readonly password: string;
  readonly change: PairingRequest['change'];
}): Promise<PairingList> {
  const gateway = await connectGateway({
    port: options.port,
    signal: AbortSignal.timeout(2 * callTimeoutMs),
    client: { id: 'gateway-client', mode: 'backend' },
    auth: { password: options.password },
    headers: {},
    callTimeoutMs,
  });
  try {
    if (options.change !== null) await carryOut(gateway, options.change);
    return await list(gateway);
  } finally {
    gateway.close();
  }
}

async function carryOut(gateway: GatewayConnection, change: NonNullable<PairingRequest['change']>): Promise<void> {
  const [method, params] = callOf(change);
  try {
    await gateway.call(method, params);
  } catch (error) {
    throw new Problem('not_found', `OpenClaw did not take it: ${describeError(error).slice(0, wordsMax)}`);
  }
}

function callOf(
  change: NonNullable<PairingRequest['change']>,
): readonly [method: string, params: Readonly<Record<string, unknown>>] {
  switch (change.kind) {
    case 'approve_device':
      return ['device.pair.approve', { requestId: change.requestId }];
    case 'deny_device':
      return ['device.pair.reject', { requestId: change.requestId }];
    case 'revoke_device':
      return ['device.pair.remove', { deviceId: change.deviceId }];
    case 'approve_sender': {
      const { channel, accountId, requestId } = change;
      // Never as the owner of OpenClaw's commands: that is a choice of its own.
      return ['channels.pairing.approve', { channel, accountId, requestId, notify: true }];
    }
    case 'deny_sender': {
      const { channel, accountId, requestId } = change;
      return ['channels.pairing.dismiss', { channel, accountId, requestId }];
    }
    default:
      return change satisfies never;
  }
}

async function list(gateway: GatewayConnection): Promise<PairingList> {
  const devices = devicesSchema.parse(await gateway.call('device.pair.list', {}));
  const senders = await sendersOf(gateway);
  return {
    requests: devices.pending.slice(0, many).map((row) => ({
      requestId: row.requestId,
      deviceId: row.deviceId,
      name: row.displayName,
      platform: row.platform,
      role: row.role ?? 'operator',
      scopes: row.scopes,
      ip: row.remoteIp,
      askedAtMs: Math.trunc(row.ts),
    })),
    devices: devices.paired.slice(0, many).map((row) => ({
      deviceId: row.deviceId,
      name: row.operatorLabel ?? row.displayName,
      platform: row.platform,
      roles: row.roles.length > 0 ? row.roles : row.role === null ? [] : [row.role],
      scopes: row.scopes,
      approvedVia: row.approvedVia,
      approvedAtMs: row.approvedAtMs,
      lastSeenAtMs: row.lastSeenAtMs,
      connected: row.connected,
    })),
    channelRequests: senders.requests.slice(0, many).flatMap((row) => {
      const [askedAtMs, expiresAtMs] = [Date.parse(row.createdAt), Date.parse(row.expiresAt)];
      if (!Number.isFinite(askedAtMs) || !Number.isFinite(expiresAtMs)) return [];
      const { requestId, channel, accountId, channelLabel: channelName } = row;
      return [{ requestId, channel, accountId, channelName, sender: senderOf(row), askedAtMs, expiresAtMs }];
    }),
  };
}

/** Releases before the method have none: their senders are answered in the Control UI. */
async function sendersOf(gateway: GatewayConnection): Promise<z.output<typeof sendersSchema>> {
  try {
    return sendersSchema.parse(await gateway.call('channels.pairing.list', {}));
  } catch (error) {
    if (/unknown method/i.test(describeError(error))) return { requests: [] };
    throw error;
  }
}

/** What the network says of them, with the id that cannot be chosen. */
function senderOf({ senderId, metadata }: z.output<typeof sendersSchema>['requests'][number]): string {
  const names = ['name', 'displayName', 'username', 'firstName'].map((key) => metadata?.[key]);
  const name = names.find((value) => typeof value === 'string' && value !== '');
  return (typeof name === 'string' ? `${name} (${senderId})` : senderId).slice(0, wordsMax);
}

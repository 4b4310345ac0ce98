/**
 * Other devices and people who write through a channel, as the API shows them, and the part of the endpoint table about
 * them. What OpenClaw says of a device is its own word: names and platforms are claims, the id and the key are not.
 */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { TenantId } from './ids.ts';

const listed = 200;
const id = z.string().min(1).max(200);
const words = z.string().max(200);

/** Waits to be let in. OpenClaw forgets it 5 minutes after its last try. */
export const DeviceRequest = z.object({
  requestId: id,
  deviceId: id,
  name: words.nullable(),
  platform: words.nullable(),
  role: words,
  scopes: z.array(words).max(32),
  ip: words.nullable(),
  askedAtMs: z.number().int(),
});
export type DeviceRequest = z.infer<typeof DeviceRequest>;

export const PairedDevice = z.object({
  deviceId: id,
  name: words.nullable(),
  platform: words.nullable(),
  roles: z.array(words).max(16),
  scopes: z.array(words).max(32),
  /** OpenClaw's word for how it was let in; `trusted-proxy` is a browser of somebody who was signed in. */
  approvedVia: words.nullable(),
  approvedAtMs: z.number().int().nullable(),
  lastSeenAtMs: z.number().int().nullable(),
  connected: z.boolean(),
});
export type PairedDevice = z.infer<typeof PairedDevice>;

/** Somebody who wrote through a channel and is not known. At most three wait per account, an hour each. */
export const ChannelRequest = z.object({
  requestId: id,
  channel: id,
  accountId: id,
  channelName: words,
  sender: words,
  askedAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
});
export type ChannelRequest = z.infer<typeof ChannelRequest>;

export const DeviceList = z.object({
  /** When the assistant said so; null when it never has. */
  asOfMs: z.number().int().nullable(),
  /** False: this is the last list that was read, since the assistant is not awake. */
  live: z.boolean(),
  requests: z.array(DeviceRequest).max(listed),
  devices: z.array(PairedDevice).max(listed),
  channelRequests: z.array(ChannelRequest).max(listed),
});
export type DeviceList = z.infer<typeof DeviceList>;

/** What a person answers. Nothing here is a credential. */
export const DeviceChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('approve_device'), requestId: id }),
  z.strictObject({ kind: z.literal('deny_device'), requestId: id }),
  z.strictObject({ kind: z.literal('revoke_device'), deviceId: id }),
  z.strictObject({ kind: z.literal('approve_sender'), channel: id, accountId: id, requestId: id }),
  z.strictObject({ kind: z.literal('deny_sender'), channel: id, accountId: id, requestId: id }),
]);
export type DeviceChange = z.infer<typeof DeviceChange>;

export const deviceEndpoints = {
  deviceList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/devices',
    summary: 'Devices and senders: those who wait, and devices that are in; the last known list while it sleeps',
    permission: 'tenant:configure',
    params: z.object({ tenantId: TenantId }),
    status: 200,
    response: DeviceList,
  },
  deviceChange: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/devices',
    summary: 'Approve, deny or revoke; the assistant must be awake',
    audit: 'device.answer',
    permission: 'tenant:configure',
    params: z.object({ tenantId: TenantId }),
    body: z.strictObject({ change: DeviceChange }),
    status: 200,
    response: DeviceList,
  },
} as const satisfies Record<string, Endpoint>;

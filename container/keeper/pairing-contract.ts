/** The keeper's word on devices and senders: what `TenantSandbox` parses and what the keeper takes. Free of any platform. */
import { z } from 'zod';

const id = z.string().min(1).max(200);
const words = z.string().max(200);
const many = 200;

export const pairingListSchema = z.object({
  requests: z
    .array(
      z.object({
        requestId: id,
        deviceId: id,
        name: words.nullable(),
        platform: words.nullable(),
        role: words,
        scopes: z.array(words).max(32),
        ip: words.nullable(),
        askedAtMs: z.number().int(),
      }),
    )
    .max(many),
  devices: z
    .array(
      z.object({
        deviceId: id,
        name: words.nullable(),
        platform: words.nullable(),
        roles: z.array(words).max(16),
        scopes: z.array(words).max(32),
        approvedVia: words.nullable(),
        approvedAtMs: z.number().int().nullable(),
        lastSeenAtMs: z.number().int().nullable(),
        connected: z.boolean(),
      }),
    )
    .max(many),
  channelRequests: z
    .array(
      z.object({
        requestId: id,
        channel: id,
        accountId: id,
        channelName: words,
        sender: words,
        askedAtMs: z.number().int(),
        expiresAtMs: z.number().int(),
      }),
    )
    .max(many),
});
export type PairingList = z.infer<typeof pairingListSchema>;

/** One answer to somebody who waits. `null` asks for the list alone. */
export const pairingRequestSchema = z.object({
  change: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('approve_device'), requestId: id }),
      z.strictObject({ kind: z.literal('deny_device'), requestId: id }),
      z.strictObject({ kind: z.literal('revoke_device'), deviceId: id }),
      z.strictObject({ kind: z.literal('approve_sender'), channel: id, accountId: id, requestId: id }),
      z.strictObject({ kind: z.literal('deny_sender'), channel: id, accountId: id, requestId: id }),
    ])
    .nullable(),
});
export type PairingRequest = z.infer<typeof pairingRequestSchema>;

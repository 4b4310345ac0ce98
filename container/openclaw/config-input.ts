/**
 * What the platform decides about one tenant's gateway: the only input of the config renderer. No secret belongs here,
 * since everything in it ends up in a file inside the container. Free of any platform: Worker and keeper both import it.
 */
import { z } from 'zod';

/** `provider/model` as OpenClaw writes it. */
const modelRef = z
  .string()
  .max(160)
  .regex(/^[a-z0-9-]+\/[A-Za-z0-9@._:/-]+$/);

/** An origin and nothing else: no path, no query, no trailing slash. */
const origin = z
  .string()
  .max(300)
  .regex(/^https?:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?$/);

export const gatewayConfigInputSchema = z.object({
  /** Where the browser sees the assistant, such as `https://acme.example.net`; the only Origin a WebSocket may come from. */
  publicOrigin: origin,
  /** Everyone who may reach the gateway, by the id the Worker puts into `x-tidepool-user`. At least one owner. */
  users: z
    .array(
      z.object({
        id: z
          .string()
          .min(1)
          .max(64)
          .regex(/^[A-Za-z0-9_-]+$/),
        role: z.enum(['owner', 'operator', 'viewer']),
      }),
    )
    .min(1)
    .max(200)
    .refine((users) => users.some((user) => user.role === 'owner'), 'at least one owner')
    .refine((users) => new Set(users.map((user) => user.id)).size === users.length, 'each user once'),
  models: z.object({
    primary: modelRef,
    utility: modelRef,
    /** Of the primary, in this order: only those that the metered endpoint cannot turn to by itself. */
    fallbacks: z.array(modelRef).max(4).optional(),
  }),
  /** Base of the metered model endpoint; a provider's name is appended, such as `/anthropic`. */
  ai: z.object({
    baseUrl: z
      .string()
      .max(300)
      .regex(/^https?:\/\/[^\s?#]*[^\s?#/]$/),
  }),
  assistantName: z.string().trim().min(1).max(200).optional(),
  /** IANA name, such as `Europe/Berlin`. */
  timezone: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9_+/-]+$/)
    .optional(),
});

export type GatewayConfigInput = z.infer<typeof gatewayConfigInputSchema>;

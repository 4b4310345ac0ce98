/**
 * Branded identifiers: a prefix that says what it names and a lower-case ULID body (26 characters, sortable by time).
 * User, session and organisation ids come from better-auth and are taken as they are.
 */
import { z } from 'zod';

const ulidBody = '[0-9a-hjkmnp-tv-z]{26}';

export const TenantId = z
  .string()
  .regex(new RegExp(`^ten_${ulidBody}$`))
  .brand<'TenantId'>();
export type TenantId = z.infer<typeof TenantId>;

export const OperationId = z
  .string()
  .regex(new RegExp(`^op_${ulidBody}$`))
  .brand<'OperationId'>();
export type OperationId = z.infer<typeof OperationId>;

export const SnapshotId = z.string().regex(new RegExp(`^${ulidBody}$`));

/** A better-auth id: opaque, bounded. */
export const OpaqueId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/);
export const OrgId = OpaqueId;
export const UserId = OpaqueId;

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Makes a lower-case ULID body from a time and 10 random bytes.
 * @param nowMs milliseconds since the epoch, < 2^48
 */
export function ulidFrom(nowMs: number, random: Uint8Array): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < 10; i++) {
    time = crockford.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let body = '';
  let bits = 0;
  let value = 0;
  for (const byte of random.subarray(0, 10)) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      body += crockford.charAt((value >> bits) & 31);
    }
  }
  return time + body;
}

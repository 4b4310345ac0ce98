/** What one entry of the endpoint table says (api.ts). */
import type { z } from 'zod';
import type { AuditAction } from './audit.ts';
import type { Permission } from './roles.ts';

interface EndpointFacts {
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** No body at all is the same as an empty one. */
  readonly bodyOptional?: true;
  /** Status of success and its body. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response: z.ZodType;
  /** Creates something: an Idempotency-Key header is required. */
  readonly idempotent?: true;
  /** The body is bytes of at most this length, not JSON. */
  readonly uploadBytesMax?: number;
  /** Success is a file of this type to be saved, not JSON; `response` says nothing then. */
  readonly download?: string;
}

/** What changes anything names the action under which it is written down, or says why nothing is. */
export type Endpoint = EndpointFacts &
  (
    | { readonly method: 'get'; readonly audit?: AuditAction }
    | {
        readonly method: 'post' | 'put' | 'patch' | 'delete';
        readonly audit: AuditAction | { readonly none: string };
      }
  );

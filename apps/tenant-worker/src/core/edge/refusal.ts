/**
 * How a sandbox object tells the gate that it did not even ask its container. The header never comes from a container:
 * the relay builds response headers anew and this name is not among those it keeps.
 */
export const refusalHeader = 'x-tidepool-internal-refusal';

const all = ['incarnation_stale', 'session_expired', 'too_many_sockets', 'unreachable'] as const;
export type SandboxRefusal = (typeof all)[number];

export function parseRefusal(value: string | null): SandboxRefusal | null {
  return all.find((refusal) => refusal === value) ?? null;
}

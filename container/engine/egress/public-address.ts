// Resolves a name for a connection that no Worker intercepts (Internet enabled), to a public IPv4 address only:
// a container must not reach this machine or its network through the engine by naming it.
import { promises as dns } from 'node:dns';
import { BlockList, isIPv4 } from 'node:net';

/** Stands for "not resolved" (RFC 5737, never routed): the interception itself goes by name. */
export const PLACEHOLDER_ADDRESS = '192.0.2.1';

const notPublic = new BlockList();
// https://www.iana.org/assignments/iana-ipv4-special-registry
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(net, bits, 'ipv4');
}

export function isPublicAddress(address: string): boolean {
  return isIPv4(address) && !notPublic.check(address, 'ipv4');
}

/** The address to name in a tunnel that may be passed through, or the placeholder when there is no public one. */
export async function publicAddressOf(host: string): Promise<string> {
  if (isIPv4(host)) return isPublicAddress(host) ? host : PLACEHOLDER_ADDRESS;
  const found = await dns.lookup(host, { family: 4, all: true }).catch(() => []);
  return found.find(({ address }) => isPublicAddress(address))?.address ?? PLACEHOLDER_ADDRESS;
}

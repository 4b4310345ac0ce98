/** Each reason of the firewall in a sentence: for the owner's test box, and for the agent that was refused. */
import type { AllowReason, AskReason, DenyReason } from './decide.ts';

type Reason = AllowReason | AskReason | DenyReason;

export const reasonTexts: Record<Reason, string> = {
  malformed_scheme: 'Only http and https leave.',
  malformed_userinfo: 'An address with a name or password in it is refused.',
  malformed_host: 'The host cannot be read as one name or address.',
  malformed_port: 'Only port 80 for http and 443 for https leave.',
  malformed_path: 'The path has characters that do not belong in one.',
  malformed_method: 'This method does not leave.',
  malformed_too_long: 'The address is too long.',
  malformed_host_mismatch: 'The Host header names another host than the address.',
  address_loopback: 'The address is a machine talking to itself.',
  address_private: 'The address is in a private network.',
  address_link_local: 'The address is on a local link; cloud metadata lives there.',
  address_shared: 'The address is in a provider’s own network.',
  address_multicast: 'The address is a group, not a host.',
  address_reserved: 'The address is not on the public internet.',
  address_embedded: 'The address carries another address inside.',
  special_name: 'The name is not one of the public internet.',
  own_zone: 'The host belongs to this platform.',
  platform_denied: 'The host is closed to every assistant: a tunnel or an account of the platform.',
  answered_never: 'The owner answered: never.',
  rule_denies: 'A rule of the owner denies it.',
  locked: 'The network is locked; only what the owner lists is open.',
  not_listed: 'Nobody has allowed this host yet.',
  address_without_name: 'It is an address without a name, and nobody has allowed it yet.',
  rule_asks: 'A rule of the owner asks first.',
  path_ambiguous: 'Servers could read this path in more than one way, so a rule for a path does not open it.',
  answered_once: 'The owner allowed it for a short time.',
  answered_always: 'The owner answered: always.',
  rule_allows: 'A rule of the owner allows it.',
  preset_lists: 'The preset lists this host for reading.',
  open: 'The network is open.',
};

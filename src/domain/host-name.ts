import { isIPv6 } from 'node:net';

/** Most hosts as they are: lower-case labels that end in a letter, so not an IPv4 address. */
const plainName = /^(?:[a-z0-9-]+\.)*[a-z0-9-]*[a-z]$/;

/** An IPv4 address inside an IPv6 one, as a parsed URL writes it: mapped, compatible, or behind NAT64. */
const wrappedIpv4 = /^\[(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

/** Names of private networks, with everything below them. Source: RFC 6761, 6762, 8375, 9476; Fly docs. */
const privateNames = ['localhost', 'local', 'internal', 'home.arpa', 'flycast'];

/**
 * One form for all spellings of a host: as the URL parser writes it (lower case, punycode, addresses
 * normalised), without the dot of the root and without a port, and an IPv4 address wrapped in IPv6 as
 * itself. What is no host stays as it is.
 */
export function toCanonicalHost(host: string): string {
  if (plainName.test(host)) return host;
  const parsed = URL.parse(`http://${isIPv6(host) ? `[${host}]` : host}`)?.hostname ?? host;
  const wrapped = wrappedIpv4.exec(parsed);
  if (wrapped !== null) {
    const [high, low] = wrapped.slice(1).map((group) => Number.parseInt(group, 16)) as [
      number,
      number,
    ];
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return parsed.endsWith('.') ? parsed.slice(0, -1) : parsed;
}

/**
 * Whether a canonical host is a name that only a private network can resolve: one of those set aside for
 * that, or a name without a dot.
 */
export function isPrivateName(host: string): boolean {
  if (host.startsWith('[')) return false;
  return (
    !host.includes('.') || privateNames.some((name) => host === name || host.endsWith(`.${name}`))
  );
}

import { BlockList, isIPv4 } from 'node:net';

/** IPv4 blocks that the public internet does not route. Source: IANA special-purpose registry, RFC 6890. */
const privateIpv4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, where clouds keep their metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and the broadcast address
];

/**
 * Of IPv6 only 2000::/3 is given out for the public internet, so everything else is private: loopback,
 * unique local (Fly's private network too), link-local, multicast, and IPv4 in disguise (mapped
 * addresses and NAT64). These blocks inside it are not public either.
 */
const privateGlobalUnicast: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // protocol assignments, Teredo and ORCHID among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which carries an IPv4 address
  ['3fff::', 20], // documentation
];

const privateBlocks = new BlockList();
for (const [network, prefix] of privateIpv4) privateBlocks.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of privateGlobalUnicast) {
  privateBlocks.addSubnet(network, prefix, 'ipv6');
}

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/**
 * Whether a host is the literal address of something that the public internet does not reach.
 * `host` is the `hostname` of a parsed URL: there every spelling (decimal, octal, hex, short, fullwidth,
 * mapped) has become one, and IPv6 stands in brackets. Names are not addresses: `false`.
 */
export function isPrivateAddress(host: string): boolean {
  if (isIPv4(host)) return privateBlocks.check(host, 'ipv4');
  if (!host.startsWith('[')) return false;
  const address = host.slice(1, -1);
  return !globalUnicast.check(address, 'ipv6') || privateBlocks.check(address, 'ipv6');
}

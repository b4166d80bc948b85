import { isIPv6 } from 'node:net';
import type { Config } from '../config.ts';

/** Origin of a port of this node, as a program on the same machine reaches it. */
export function toLocalUrl(host: string, port: number): string {
  // A listener on every address has no name of its own; those of IPv6 take IPv4 too.
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/** Origin of this node's private port. */
export function privateUrlOf({ http }: Config): string {
  return toLocalUrl(http.privateHost, http.privatePort);
}

/** Origin of this node's public port. */
export function publicUrlOf({ http }: Config): string {
  return toLocalUrl(http.host, http.port);
}

import { isIP } from 'node:net';

/** Where the address of a client is read from: the socket, `Fly-Client-IP`, or the n-th `X-Forwarded-For` from the right. */
export type TrustProxy = 'none' | 'fly' | number;

/**
 * The address of the client behind a request that came on the public port, without a port.
 *
 * Only what the setting trusts is read, and only when it is an address; everything else a client may have
 * written itself (reliability-facts F-5), so the socket's own address stands in: that can only make the
 * limits tighter. Of `X-Forwarded-For` the n-th entry from the right was written by the outermost of n
 * trusted proxies; a shorter list did not come through all of them.
 */
export function clientAddress(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  socketAddress: string | undefined,
  trustProxy: TrustProxy,
): string {
  return withoutMapping(trustedAddress(headers, trustProxy) ?? socketAddress ?? '');
}

function trustedAddress(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  trustProxy: TrustProxy,
): string | undefined {
  if (trustProxy === 'none') return undefined;
  const header = headers[trustProxy === 'fly' ? 'fly-client-ip' : 'x-forwarded-for'];
  if (typeof header !== 'string') return undefined;
  const address = trustProxy === 'fly' ? header : header.split(',').at(-trustProxy)?.trim();
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}

/** `::ffff:192.0.2.1` is 192.0.2.1 on a socket that takes both families. */
function withoutMapping(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  return mapped ?? address;
}

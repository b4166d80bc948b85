import { isIP } from 'node:net';

/** Where the address of a client is read from: the socket, `Fly-Client-IP`, or the n-th `X-Forwarded-For` from the right. */
export type TrustProxy = 'none' | 'fly' | number;

/** The one header that a setting trusts, in lower case; `undefined` when it trusts none. */
export function trustedHeader(
  trustProxy: TrustProxy,
): 'fly-client-ip' | 'x-forwarded-for' | undefined {
  if (trustProxy === 'none') return undefined;
  return trustProxy === 'fly' ? 'fly-client-ip' : 'x-forwarded-for';
}

/**
 * What `value` of the trusted header names as the client; whether it is an address is still to be seen.
 *
 * Several lines of the header are one value, joined with commas in the order they came (RFC 9110 section 5.3),
 * as Node has them in `headers`. Of `X-Forwarded-For` the n-th entry from the right was written by the outermost
 * of n trusted proxies; a shorter list did not come through all of them.
 */
export function trustedEntry(value: string, trustProxy: TrustProxy): string | undefined {
  if (typeof trustProxy !== 'number') return value;
  let end = value.length;
  for (let entry = 1; entry < trustProxy; entry += 1) {
    end = end > 0 ? value.lastIndexOf(',', end - 1) : -1;
    if (end === -1) return undefined;
  }
  return withoutPort(value.slice(end > 0 ? value.lastIndexOf(',', end - 1) + 1 : 0, end).trim());
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, v6, v4] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/.exec(entry) ?? [];
  return v6 ?? v4 ?? entry;
}

/** `::ffff:192.0.2.1` is 192.0.2.1 on a socket that takes both families. */
export function toPlainAddress(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  return mapped ?? address;
}

/**
 * The address of the client behind a request that came on the public port, without a port. `headers` are those
 * of a Node request.
 *
 * Only what the setting trusts is read, and only when it is an address; everything else a client may have
 * written itself (RFC 7239 section 8.1; docs/facts.md, "What Fly does with headers"), so the socket's own
 * address stands in: that can only make the limits tighter.
 */
export function clientAddress(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  socketAddress: string | undefined,
  trustProxy: TrustProxy,
): string {
  const name = trustedHeader(trustProxy);
  const value = name === undefined ? undefined : headers[name];
  const entry = typeof value === 'string' ? trustedEntry(value, trustProxy) : undefined;
  return toPlainAddress(entry !== undefined && isIP(entry) !== 0 ? entry : (socketAddress ?? ''));
}

import { hash } from 'node:crypto';

/** Who a visitor is to one node on one day: two times 32 bit, and nothing that leads back to an address. */
export interface VisitorNumber {
  readonly low: number;
  readonly high: number;
}

/** Bytes of the key that a node makes for each day. */
export const visitorKeyBytes = 16;

/**
 * The number of whoever has this address and this user agent: 64 bits of SHA-256 over the key of the day and both.
 * Without the key, which is in memory only and gone when the day ends, nobody can try addresses until one fits.
 * `crypto.hash` takes a twentieth of what `createHmac` does; nobody sees enough of the result to extend it.
 */
export function toVisitorNumber(key: string, address: string, userAgent: string): VisitorNumber {
  const digest = hash('sha256', `${key}|${address}|${userAgent}`, 'binary');
  return { low: toInt32(digest, 0), high: toInt32(digest, 4) };
}

function toInt32(bytes: string, at: number): number {
  return (
    bytes.charCodeAt(at) |
    (bytes.charCodeAt(at + 1) << 8) |
    (bytes.charCodeAt(at + 2) << 16) |
    (bytes.charCodeAt(at + 3) << 24)
  );
}

import { hkdfSync } from 'node:crypto';
import { mapRotating, type Rotating } from '../domain/rotating.ts';

/** What a key made of the fleet's secret is for. A key of one purpose proves nothing for another. */
export type KeyPurpose = 'request' | 'answer' | 'replay-state' | 'session' | 'bookmark';

/** Derives the 32-byte key for one purpose from the fleet's secret, with HKDF-SHA256 (RFC 5869). */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'hoplite', purpose, 32));
}

/** Derives the keys for one purpose from all secrets that the fleet has at the moment. */
export function deriveKeys(secrets: Rotating<string>, purpose: KeyPurpose): Rotating<Buffer> {
  return mapRotating(secrets, (secret) => deriveKey(secret, purpose));
}

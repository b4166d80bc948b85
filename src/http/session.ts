import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import { mapRotating, type Rotating } from '../domain/rotating.ts';

/** How long a session lasts from the sign-in on, milliseconds. */
export const sessionLifetimeMs = 12 * 60 * 60 * 1000;

/**
 * Whose session it is: the prefix of a key, or the fingerprint of the `ADMIN_KEY` that opened it. An id would not do: a
 * backup from before a key was made lets another key have it.
 */
export type SessionHolder =
  | { readonly is: 'key'; readonly prefix: string }
  | { readonly is: 'admin'; readonly fingerprint: string };

/** Gives and verifies session tokens without keeping any: every node with one of the secrets can. */
export interface Sessions {
  /** A token for a cookie: letters, digits, `.`, `-` and `_`. */
  issue(holder: SessionHolder): string;
  /** Whose token it is; `undefined` when it is forged, damaged or over. */
  verify(token: string): SessionHolder | undefined;
}

const form = /^([ka])\.([0-9A-Za-z]{1,64})\.([0-9]{1,15})\.([A-Za-z0-9_-]{43})$/;

/**
 * Sessions under secrets that the fleet shares, of which the first signs. A token is `holder.expiry.mac`: HMAC-SHA-256 under a key
 * that HKDF (RFC 5869) derives from the secret for this purpose alone.
 */
export function createSessions(secrets: Rotating<string>, clock: Pick<Clock, 'now'>): Sessions {
  const keys = mapRotating(secrets, (secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'hoplite session', 32)),
  );
  const mac = (key: Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  return {
    issue(holder) {
      const subject = holder.is === 'key' ? `k.${holder.prefix}` : `a.${holder.fingerprint}`;
      const text = `${subject}.${clock.now() + sessionLifetimeMs}`;
      return `${text}.${mac(keys[0], text).toString('base64url')}`;
    },

    verify(token) {
      const [, kind, subject, expiry, given] = form.exec(token) ?? [];
      if (subject === undefined || given === undefined) return undefined;
      const received = Buffer.from(given, 'base64url');
      const isOwn = keys.some((key) => {
        const expected = mac(key, `${kind}.${subject}.${expiry}`);
        return received.length === expected.length && timingSafeEqual(received, expected);
      });
      if (!isOwn) return undefined;
      if (clock.now() >= Number(expiry)) return undefined;
      return kind === 'a' ? { is: 'admin', fingerprint: subject } : { is: 'key', prefix: subject };
    },
  };
}

import { hash, timingSafeEqual } from 'node:crypto';
import { drawSigns } from './draw-signs.ts';
import type { Random } from './random.ts';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 59 bits: two keys of one installation never share a prefix. */
const prefixLength = 10;

/** 190 bits. */
const secretLength = 32;

const form = /^hop_([0-9A-Za-z]{10})_[0-9A-Za-z]{32}$/;

/**
 * A key for the API as its owner holds it, `hop_<prefix>_<secret>`. The first part lets scanners for
 * leaked secrets recognise it.
 */
export type ApiKeyText = string & { readonly __brand: 'ApiKeyText' };

/** A new key: its text, shown once and never stored, and what is stored of it. */
export interface GeneratedApiKey {
  readonly text: ApiKeyText;
  readonly prefix: string;
  /** As `hashSecret` gives it. */
  readonly secretHash: string;
}

/** Draws a new key. */
export function generateApiKey(random: Random): GeneratedApiKey {
  const prefix = drawSigns(random, base62, prefixLength);
  const text = `hop_${prefix}_${drawSigns(random, base62, secretLength)}` as ApiKeyText;
  return { text, prefix, secretHash: hashSecret(text) };
}

/** The public prefix of a key; `undefined` when the text does not have the form of one. */
export function findKeyPrefix(text: string): string | undefined {
  return form.exec(text)?.[1];
}

/**
 * SHA-256 of a secret, hex. A fast hash suffices, because a key is drawn from 190 bits and not chosen by
 * people (NIST SP 800-63B, "Look-Up Secret Verifiers", asks for 112).
 */
export function hashSecret(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * Whether `text` is the secret whose hash is stored, in a time that tells nothing of either.
 * Without a stored hash the answer is no, after the same work: an unknown prefix looks like a wrong secret.
 */
export function isSecret(text: string, storedHash: string | undefined): boolean {
  const given = Buffer.from(hashSecret(text), 'hex');
  const stored = Buffer.from(storedHash ?? '', 'hex');
  // Nothing is known to hash to zeros alone.
  return timingSafeEqual(
    given,
    stored.length === given.length ? stored : Buffer.alloc(given.length),
  );
}

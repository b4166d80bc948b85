import { z } from 'zod';
import type { IdempotencyKey } from '../domain/idempotency.ts';
import type { Caller } from './caller.ts';

/** The header that makes a create safe to repeat (draft-ietf-httpapi-idempotency-key-header). */
export const idempotencyHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters.')
    .optional()
    .meta({
      description:
        'Makes the request safe to repeat for 24 hours: the same key with the same request gives the same link.',
      example: '5a1e6f0c-6d1b-4c8e-9a37-1f0b9d0c2f11',
    }),
});

/** The key that came with a request of `caller`, as a command carries it; the hash is only taken where there is one. */
export function toIdempotencyKey(
  caller: Caller,
  key: string | undefined,
  hashRequest: () => string,
): IdempotencyKey | undefined {
  return key === undefined
    ? undefined
    : { scope: scopeOf(caller), key, requestHash: hashRequest() };
}

/** Whose keys a caller's are: those of two callers never meet. */
function scopeOf(caller: Caller): string {
  switch (caller.is) {
    case 'key':
      return String(caller.keyId);
    case 'anonymous':
      return 'open';
    case 'admin':
    case 'operator':
      return caller.is;
  }
}

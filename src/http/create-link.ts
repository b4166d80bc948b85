import { z } from 'zod';
import { defaultDomainId } from '../domain/domain-name.ts';
import type { NewLink } from '../domain/link.ts';
import { hashRequest } from '../domain/request-hash.ts';
import type { CreateLinkResult, Written } from '../domain/writer.ts';
import { idempotencyScope } from './caller.ts';
import type { Exchange, Write } from './write.ts';

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

/** Creates a link for the caller, whichever way the request was written down. */
export function createLink(
  write: Write,
  exchange: Exchange,
  { link, idempotencyKey }: { readonly link: NewLink; readonly idempotencyKey: string | undefined },
): Promise<Written<CreateLinkResult>> {
  return write(exchange, 'createLink', {
    domainId: defaultDomainId,
    link,
    idempotency:
      idempotencyKey === undefined
        ? undefined
        : {
            scope: idempotencyScope(exchange.caller),
            key: idempotencyKey,
            requestHash: hashRequest(link),
          },
  });
}

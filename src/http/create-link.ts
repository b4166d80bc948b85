import { defaultDomainId } from '../domain/domain-name.ts';
import type { NewLink } from '../domain/link.ts';
import { hashRequest } from '../domain/request-hash.ts';
import type { CreateLinkResult, Written } from '../domain/writer.ts';
import { toIdempotencyKey } from './idempotency-key.ts';
import type { Exchange, Write } from './write.ts';

/** Creates a link for the caller, whichever way the request was written down. */
export function createLink(
  write: Write,
  exchange: Exchange,
  { link, idempotencyKey }: { readonly link: NewLink; readonly idempotencyKey: string | undefined },
): Promise<Written<CreateLinkResult>> {
  return write(exchange, 'createLink', {
    domainId: defaultDomainId,
    link,
    idempotency: toIdempotencyKey(exchange.caller, idempotencyKey, () => hashRequest(link)),
  });
}

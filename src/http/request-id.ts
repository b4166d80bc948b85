import type { Random } from '../domain/random.ts';

/** Ids that a client may choose: nothing that could break out of a header, a log line or a page. */
const harmless = /^[A-Za-z0-9._-]{8,64}$/;

/** The id of a request: the client's `X-Request-Id` when it is harmless, else 16 random hex digits. */
export function requestId(header: string | readonly string[] | undefined, random: Random): string {
  if (typeof header === 'string' && harmless.test(header)) return header;
  return Buffer.from(random.bytes(8)).toString('hex');
}

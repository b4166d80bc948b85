import { z } from 'zod';

/** Nobody waits longer, seconds: less than what stands between a client and the primary waits for an answer. */
const maxWaitS = 10;

/** The header that asks for nodes to be waited for, for the document. */
export const preferParameter = {
  Prefer: z
    .string()
    .optional()
    .meta({
      description: `"wait=5": give every node up to so many seconds, ${maxWaitS} at most, to have it (RFC 7240).`,
      example: 'wait=5',
    }),
};

/** The headers of an answer to such a request, for the document. */
export const waitedHeaders = {
  'Live-In': z
    .string()
    .regex(/^\d+\/\d+$/)
    .optional()
    .meta({
      description:
        'On how many of the known nodes it is, such as 3/4. Only when "Prefer: wait" asks.',
    }),
  'Preference-Applied': z
    .string()
    .optional()
    .meta({ description: 'Such as "wait=5", when nodes were asked.' }),
};

const wait = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i;

/**
 * The seconds that a `Prefer` header asks to wait, 10 at most; `undefined` when it asks for nothing of that kind. A
 * preference that cannot be read is none (RFC 7240 section 2).
 */
export function parsePreferredWait(header: string | undefined): number | undefined {
  const seconds = wait.exec(header ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), maxWaitS);
}

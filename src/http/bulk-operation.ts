import { z } from 'zod';
import { maxBulkLinks, toBulkFailure } from '../domain/bulk-links.ts';
import type { Clock } from '../domain/clock.ts';
import { defaultDomainId } from '../domain/domain-name.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import { bulkAnswerSchema, sendBulkAnswer } from './bulk-answer.ts';
import { linesMediaType, maxBulkBytes, readBulkBody } from './bulk-body.ts';
import { ByteBudgets } from './byte-budget.ts';
import type { ReadTotals } from './click-totals.ts';
import { idempotencyHeaders, toIdempotencyKey } from './idempotency-key.ts';
import { newLinkSchema } from './link-json.ts';
import { defineOperation, type Operation } from './operation.ts';
import { factsOf } from './request-facts.ts';
import type { Write } from './write.ts';

/** Four of the largest bodies at once. */
const mostHeldBytes = 4 * maxBulkBytes;

/** `POST /api/v1/links/bulk`: many links in one transaction. */
export function createBulkOperation(deps: {
  readonly baseUrl: string;
  readonly readTotals: ReadTotals;
  readonly write: Write;
  readonly clock: Pick<Clock, 'now'>;
}): Operation {
  const { baseUrl, readTotals, write, clock } = deps;
  const budgets = new ByteBudgets(mostHeldBytes);
  return defineOperation({
    id: 'createLinks',
    method: 'post',
    path: '/api/v1/links/bulk',
    tag: 'Links',
    summary: 'Create many links at once',
    description:
      `At most ${maxBulkLinks} links and ${maxBulkBytes / 2 ** 20} MiB, in one transaction, as one JSON object or one link a line. ` +
      'Links that can be made are made, and "results" says why others cannot; with atomic=true one bad link has none of them made. ' +
      'Counts as so many writes. With an Idempotency-Key the same bytes may be sent again for 24 hours, and get the same links as they are then.',
    access: 'user',
    writes: true,
    commits: true,
    params: {
      query: z.strictObject({
        atomic: z
          .enum(['true', 'false'])
          .default('false')
          .meta({ description: 'Whether all links are made or none.' }),
      }),
      headers: idempotencyHeaders,
    },
    stream: {
      'application/json': z.strictObject({
        links: z.array(newLinkSchema).min(1).max(maxBulkLinks),
      }),
      [linesMediaType]: newLinkSchema,
    },
    responses: {
      200: {
        description: 'What became of each link.',
        content: { 'application/json': { schema: bulkAnswerSchema } },
      },
    },
    failures: ['conflict', 'idempotency_mismatch'],
    async handle({ query, headers, ...exchange }) {
      using budget = budgets.open();
      const { caller, request, response } = exchange;
      const isAtomic = query.atomic === 'true';
      const { rows, badRows, count, hash, bytes } = await readBulkBody(request, budget);
      factsOf(request).countWrites?.(count - 1);
      if (isAtomic && badRows.length > 0) throw toBulkFailure(badRows);
      const key = headers['Idempotency-Key'];
      const form = isAtomic ? ' atomic' : '';
      try {
        const written = await write(exchange, 'createLinks', {
          domainId: defaultDomainId,
          rows,
          isAtomic,
          idempotency: toIdempotencyKey(caller, key, () => `${hash}${form}`),
        });
        await sendBulkAnswer(response, { written, badRows, baseUrl, now: clock.now(), readTotals });
      } catch (error) {
        // The role is gone: the request goes on to the new primary, with the body that was read.
        if (error instanceof NotPrimary) factsOf(request).body ??= Buffer.concat(bytes);
        throw error;
      }
    },
  });
}

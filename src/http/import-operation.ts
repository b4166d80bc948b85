import type { Response } from 'express';
import { z } from 'zod';
import { defaultDomainId } from '../domain/domain-name.ts';
import { onConflicts } from '../domain/import-fate.ts';
import { type FailedImport, maxImportLinks } from '../domain/import-links.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import { unpackPiece } from '../domain/pieces.ts';
import type { ImportLinksResult, Written } from '../domain/writer.ts';
import { linesMediaType } from './bulk-body.ts';
import { ByteBudgets } from './byte-budget.ts';
import type { Caller } from './caller.ts';
import { idempotencyHeaders, toIdempotencyKey } from './idempotency-key.ts';
import { hashChunks, joinChunks, maxImportBytes, readImportBody } from './import-body.ts';
import { linkSchema, newLinkSchema } from './link-json.ts';
import { defineOperation, type Operation } from './operation.ts';
import { factsOf } from './request-facts.ts';
import { rowProblemSchema, toRowProblem } from './row-problem.ts';
import { TurnSlices } from './turn-slices.ts';
import { untilDrained } from './until-drained.ts';
import type { Write } from './write.ts';

/** Bodies of the largest size that are held at once. */
const mostHeldBytes = 4 * maxImportBytes;

const count = z.int().min(0);
const time = z.iso.datetime({ offset: true });

/** A line of an import, for the document: `parseImportRow` reads it. What an export tells besides is not looked at. */
const importRowSchema = newLinkSchema
  .extend({
    blocked: z.boolean().optional(),
    createdAt: time.optional(),
    updatedAt: time.optional(),
    id: z.unknown(),
    shortUrl: z.unknown(),
    clicks: z.unknown(),
    state: linkSchema.shape.state.optional(),
    version: z.unknown(),
  })
  .meta({ id: 'ImportedLink' });

const importAnswerSchema = z
  .object({
    created: count,
    replaced: count,
    unchanged: count.meta({ description: 'Their slugs led there already.' }),
    skipped: count.meta({ description: 'Their slugs lead elsewhere, and were left so.' }),
    failed: count,
    replicated: z.boolean().meta({
      description: 'Whether another machine has the write too, as in Durability.',
    }),
    repeated: z.boolean().meta({
      description:
        'Whether an earlier request with this Idempotency-Key came to this, but for rows that failed then.',
    }),
    retried: z.array(count).meta({
      description: 'The places of the rows that failed then, and were tried again.',
    }),
    slugCase: z.enum(['insensitive', 'sensitive']),
    fates: z
      .string()
      .regex(/^[crusf]*$/)
      .meta({
        description:
          'A letter for each row, in their order: created, replaced, unchanged, skipped or failed.',
      }),
    failures: z
      .array(
        z.object({
          index: count.meta({ description: 'Of the row, from 0 on, blank lines not counted.' }),
          problem: rowProblemSchema,
        }),
      )
      .meta({ description: 'One for each row that failed, in their order.' }),
  })
  .meta({ id: 'ImportAnswer' });

/** `POST /api/v1/import`: links as an export has them, with their times and takedowns. */
export function createImportOperation(deps: {
  readonly baseUrl: string;
  readonly write: Write;
  readonly mayTakeDown: (caller: Caller) => boolean;
}): Operation {
  const { baseUrl, write, mayTakeDown } = deps;
  const budgets = new ByteBudgets(mostHeldBytes);
  return defineOperation({
    id: 'importLinks',
    method: 'post',
    path: '/api/v1/import',
    tag: 'Links',
    summary: 'Import links',
    description:
      `One link a line, at most ${maxImportLinks} and ${maxImportBytes / 2 ** 20} MiB, in one transaction, as an export has them. ` +
      'A row whose slug leads to its destination already is no failure, so that a request can be sent again. With atomic=true one bad row has none imported. ' +
      'Rows without a slug get a new one each time, unless the request comes with the same Idempotency-Key, which tries only the rows again that failed. Counts as so many writes.',
    access: 'user',
    writes: true,
    commits: true,
    params: {
      query: z.strictObject({
        onConflict: z.enum(onConflicts).default('fail').meta({
          description: 'What becomes of a row whose slug leads elsewhere.',
        }),
        atomic: z
          .enum(['true', 'false'])
          .default('false')
          .meta({ description: 'Whether all links are imported or none.' }),
        dryRun: z
          .enum(['true', 'false'])
          .default('false')
          .meta({ description: 'Only tells what would become of the rows.' }),
      }),
      headers: idempotencyHeaders,
    },
    stream: { [linesMediaType]: importRowSchema },
    responses: {
      200: {
        description: 'What became of the rows.',
        content: { 'application/json': { schema: importAnswerSchema } },
      },
    },
    failures: ['conflict', 'idempotency_mismatch'],
    async handle({ query, headers, ...exchange }) {
      using budget = budgets.open();
      const { caller, request, response } = exchange;
      const { chunks, lines } = await readImportBody(request, budget);
      factsOf(request).countWrites?.(lines - 1);
      const { onConflict } = query;
      const isAtomic = query.atomic === 'true';
      const key = headers['Idempotency-Key'];
      const form = `import ${onConflict}${isAtomic ? ' atomic' : ''}`;
      try {
        const written = await write(exchange, 'importLinks', {
          domainId: defaultDomainId,
          lines: joinChunks(chunks),
          onConflict,
          isAtomic,
          isDryRun: query.dryRun === 'true',
          mayTakeDown: mayTakeDown(caller),
          idempotency: toIdempotencyKey(caller, key, () => `${hashChunks(chunks)} ${form}`),
        });
        await sendImportAnswer(response, written, baseUrl);
      } catch (error) {
        // The role is gone: the request goes on to the new primary, with the body that was read.
        if (error instanceof NotPrimary) factsOf(request).body ??= Buffer.concat(chunks);
        throw error;
      }
    },
  });
}

/** Sends the failures piece by piece, so that redirects come in between. */
async function sendImportAnswer(
  response: Response,
  { value, durability }: Written<ImportLinksResult>,
  baseUrl: string,
): Promise<void> {
  const { failures, ...counts } = value;
  const replicated = durability === 'replicated';
  const head = { ...counts, replicated };
  const slices = new TurnSlices();
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.write(`${JSON.stringify(head).slice(0, -1)},"failures":[`);
  let separator = '';
  for (const piece of failures) {
    const problems = unpackPiece<FailedImport>(piece).map(({ index, failure }) => ({
      index,
      problem: toRowProblem(failure, baseUrl),
    }));
    const isTaken = response.write(`${separator}${JSON.stringify(problems).slice(1, -1)}`);
    separator = ',';
    if (!isTaken) await untilDrained(response);
    await slices.pause();
    if (response.destroyed) return;
  }
  response.end(']}');
}

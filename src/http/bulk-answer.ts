import type { Response } from 'express';
import { z } from 'zod';
import type { BulkOutcome } from '../domain/bulk-links.ts';
import type { ClickTotals } from '../domain/click-reader.ts';
import { noClicks } from '../domain/click-report.ts';
import type { Link } from '../domain/link.ts';
import { unpackPiece } from '../domain/pieces.ts';
import type { CreateLinksResult, Written } from '../domain/writer.ts';
import type { BadRow } from './bulk-body.ts';
import type { ReadTotals } from './click-totals.ts';
import { linkSchema, toLinkJson } from './link-json.ts';
import { rowProblemSchema, toRowProblem } from './row-problem.ts';
import { TurnSlices } from './turn-slices.ts';
import { untilDrained } from './until-drained.ts';

const place = z.int().min(0).meta({ description: 'Of the row in the request, from 0 on.' });

/** What a request for many links is answered with. */
export const bulkAnswerSchema = z
  .object({
    created: z.int().meta({ description: 'How many links there are now because of it.' }),
    failed: z.int(),
    replicated: z.boolean().meta({
      description: 'Whether another machine has the write too, as in Durability.',
    }),
    results: z
      .array(
        z.discriminatedUnion('status', [
          z.object({ index: place, status: z.literal('created'), link: linkSchema }),
          z.object({
            index: place,
            status: z.literal('failed'),
            problem: rowProblemSchema,
          }),
        ]),
      )
      .meta({ description: 'One for each row, in their order.' }),
  })
  .meta({ id: 'BulkAnswer' });

/** What the answer is made of. */
export interface BulkAnswer {
  readonly written: Written<CreateLinksResult>;
  readonly badRows: readonly BadRow[];
  readonly baseUrl: string;
  readonly now: number;
  readonly readTotals: ReadTotals;
}

type Result = z.output<typeof bulkAnswerSchema>['results'][number];

/** Sends the results piece by piece, so that redirects come in between. Ends early when nobody is there any more. */
export async function sendBulkAnswer(response: Response, answer: BulkAnswer): Promise<void> {
  const { badRows, written } = answer;
  const { value: result, durability } = written;
  const slices = new TurnSlices();
  const failed = result.failed + badRows.length;
  let nextBad = 0;
  let separator = '';
  const send = async (results: readonly Result[]) => {
    if (results.length === 0) return;
    const isTaken = response.write(`${separator}${JSON.stringify(results).slice(1, -1)}`);
    separator = ',';
    if (!isTaken) await untilDrained(response);
    await slices.pause();
  };
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  const isReplicated = durability === 'replicated';
  response.write(
    `{"created":${result.created},"failed":${failed},"replicated":${isReplicated},"results":[`,
  );
  for (const piece of result.outcomes) {
    const outcomes = unpackPiece<BulkOutcome>(piece);
    const totalsOf = await readTotalsOf(outcomes, answer);
    const results: Result[] = [];
    for (const outcome of outcomes) {
      for (; (badRows[nextBad]?.index ?? Number.POSITIVE_INFINITY) < outcome.index; nextBad += 1) {
        results.push(toFailed(badRows[nextBad] as BadRow, answer));
      }
      results.push(toResult(outcome, totalsOf, answer));
    }
    await send(results);
    if (response.destroyed) return;
  }
  const rowsPerPiece = 100;
  for (; nextBad < badRows.length && !response.destroyed; nextBad += rowsPerPiece) {
    await send(badRows.slice(nextBad, nextBad + rowsPerPiece).map((row) => toFailed(row, answer)));
  }
  response.end(']}');
}

/** A link that was just made has no clicks. */
async function readTotalsOf(
  outcomes: readonly BulkOutcome[],
  { written, readTotals }: BulkAnswer,
): Promise<(linkId: number) => ClickTotals | null> {
  if (!written.value.repeated) return () => noClicks;
  return await readTotals(
    outcomes.flatMap((outcome) => ('link' in outcome ? outcome.link.id : [])),
  );
}

function toResult(
  outcome: BulkOutcome,
  totalsOf: (linkId: number) => ClickTotals | null,
  answer: BulkAnswer,
): Result {
  return 'link' in outcome
    ? {
        index: outcome.index,
        status: 'created',
        link: toLinkJson(outcome.link satisfies Link, totalsOf(outcome.link.id), answer),
      }
    : toFailed(outcome, answer);
}

function toFailed({ index, failure }: BadRow, { baseUrl }: BulkAnswer): Result {
  return { index, status: 'failed', problem: toRowProblem(failure, baseUrl) };
}

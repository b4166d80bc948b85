import { z } from 'zod';
import type { OnConflict } from '../../domain/import-fate.ts';
import { NoAnswer, type Operator } from '../operator.ts';
import { describeProblem } from '../problem-text.ts';
import { Refusal } from '../refusal.ts';
import type { ImportBatch } from './import-batches.ts';
import { isPassing, type Patience } from './patience.ts';

const importAnswer = z.object({
  repeated: z.boolean(),
  // A node of a release before has none.
  retried: z.array(z.number()).default([]),
  replicated: z.boolean(),
  slugCase: z.enum(['insensitive', 'sensitive']),
  fates: z.string(),
  failures: z.array(
    z.object({
      index: z.number(),
      problem: z.object({
        status: z.number(),
        detail: z.string(),
        errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
      }),
    }),
  ),
});
/** What the API says of a batch. */
export type ImportAnswer = z.output<typeof importAnswer>;

/** How rows are imported. */
export interface ImportMode {
  readonly onConflict: OnConflict;
  readonly isDryRun: boolean;
}

/**
 * Sends a batch until it is answered: it can be sent again without harm. Rejects with a `Refusal`, and with `NoAnswer`
 * once `patience` is over.
 */
export async function sendBatch(
  operator: Operator,
  { bytes, idempotencyKey }: Pick<ImportBatch, 'bytes' | 'idempotencyKey'>,
  { onConflict, isDryRun }: ImportMode,
  patience: Patience,
): Promise<ImportAnswer> {
  const query = new URLSearchParams({ onConflict, ...(isDryRun && { dryRun: 'true' }) });
  const headers = {
    'Content-Type': 'application/x-ndjson',
    ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
  };
  const request = { method: 'POST', path: `/api/v1/import?${query}`, bytes, headers } as const;
  for (;;) {
    try {
      const { status, body } = await operator.ask(request);
      if (status === 200) {
        patience.progress();
        return importAnswer.parse(body);
      }
      const problem = describeProblem(body, status);
      throw isPassing(status) ? new NoAnswer(problem) : new Refusal(problem);
    } catch (error) {
      await patience.wait(error);
    }
  }
}

import { z } from 'zod';
import type { RowFailure } from '../domain/bulk-links.ts';
import { problemTypes, problemTypeUri } from './problem.ts';

/** What is told of a row of a request that failed. */
export const rowProblemSchema = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'JSON pointers into the row; at most three.' }),
  })
  .meta({ id: 'RowProblem', description: 'As a request for this link alone has it.' });

/** The problem of a row. */
export function toRowProblem(
  { kind, detail, errors }: RowFailure,
  baseUrl: string,
): z.output<typeof rowProblemSchema> {
  const { status, title } = problemTypes[kind];
  const type = problemTypeUri(baseUrl, kind);
  return { type, title, status, detail, ...(errors.length === 0 ? {} : { errors: [...errors] }) };
}

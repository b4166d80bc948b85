import type { z } from 'zod';
import { Failure, type FieldError } from '../domain/failure.ts';
import { toJsonPointer } from './json-pointer.ts';

/** How the fields of an input are named: by pointer in a JSON body, plainly in a query, a form or headers. */
export type FieldNaming = 'pointer' | 'name';

/** Parses `value` with `schema`. Throws `invalid` with every broken rule, each by the name of its field. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  naming: FieldNaming,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => toFieldErrors(issue, naming));
  const detail = errors[0]?.detail ?? 'The input is not valid.';
  throw new Failure('invalid', detail, { errors });
}

function toFieldErrors(issue: z.core.$ZodIssue, naming: FieldNaming): readonly FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: toName([...issue.path, key], naming),
      detail: 'There is no such field.',
    }));
  }
  return [{ pointer: toName(issue.path, naming), detail: issue.message }];
}

function toName(path: readonly PropertyKey[], naming: FieldNaming): string {
  return naming === 'pointer' ? toJsonPointer(path) : path.map(String).join('.');
}

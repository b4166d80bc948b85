import { Failure, type FieldError } from './failure.ts';

/**
 * Runs every parser and gives their results under the same names. When some throw `invalid`, throws one
 * `invalid` with all their errors, so that a client learns of every broken rule at once.
 */
export function parseFields<T extends Readonly<Record<string, () => unknown>>>(
  parsers: T,
): { readonly [Name in keyof T]: ReturnType<T[Name]> } {
  const errors: FieldError[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, parse] of Object.entries(parsers)) {
    try {
      parsed[name] = parse();
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'invalid') throw error;
      errors.push(...(error.details.errors ?? []));
    }
  }
  if (errors.length > 0) {
    throw new Failure('invalid', errors.map(({ detail }) => detail).join(' '), { errors });
  }
  return parsed as { readonly [Name in keyof T]: ReturnType<T[Name]> };
}

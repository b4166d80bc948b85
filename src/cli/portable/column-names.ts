import { printable } from '../printable.ts';
import { Refusal } from '../refusal.ts';

/** Names of columns for a sentence. */
export function quoteNames(names: readonly string[]): string {
  return names.map((name) => `"${printable(name)}"`).join(', ');
}

/** Throws a `Refusal` for a name that stands twice: nobody knows which of the two columns is meant. */
export function expectOnce(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Refusal(`the column ${quoteNames([twice])} is there twice`);
}

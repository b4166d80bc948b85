import { InvalidArgumentError } from 'commander';
import { type MappedField, mappedFields, type Shortener } from './shorteners.ts';

/** The mapping of `--columns slug=Short,destination=Long URL`. Throws what commander reports as not understood. */
export function parseColumnMap(text: string): Shortener {
  const fields: Partial<Record<MappedField, string[]>> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const field = mappedFields.find((name) => name === pair.slice(0, at).trim());
    const name = pair.slice(at + 1).trim();
    if (at < 0 || field === undefined || name === '') {
      throw new InvalidArgumentError(
        `It is pairs of a field and a column, such as "destination=Long URL,slug=Code"; fields are ${mappedFields.join(', ')}.`,
      );
    }
    fields[field] = [...(fields[field] ?? []), name];
  }
  if (fields.destination === undefined) {
    throw new InvalidArgumentError('One of the columns has to be the destination.');
  }
  return { fields, refused: {} };
}

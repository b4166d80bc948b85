import { toForeignSlug, toForeignSwitch, toForeignTime, toForeignTitle } from './foreign-values.ts';
import type { RowFault } from './import-row-source.ts';
import type { MappedField, Shortener } from './shorteners.ts';

const readers: Readonly<Record<MappedField, (value: unknown) => unknown>> = {
  destination: String,
  slug: (value) => toForeignSlug(String(value)),
  title: (value) => toForeignTitle(String(value)),
  notBefore: toForeignTime,
  expiresAt: toForeignTime,
  createdAt: toForeignTime,
  forwardQuery: toForeignSwitch,
  disabled: toForeignSwitch,
  blocked: toForeignSwitch,
};

/** A record of another shortener as a link, or why it cannot become one. */
export function toLink(
  record: Readonly<Record<string, unknown>>,
  { fields, refused }: Shortener,
): Readonly<Record<string, unknown>> | RowFault {
  for (const [name, detail] of Object.entries(refused)) {
    if (isSet(find(record, name))) return { field: name, detail };
  }
  const link: Record<string, unknown> = {};
  for (const [field, names = []] of Object.entries(fields)) {
    const value = names.map((name) => find(record, name)).find((found) => isGiven(found));
    if (value !== undefined) link[field] = readers[field as MappedField](value);
  }
  return link;
}

/** Whether `toLink` gave a link. */
export function isLink(
  made: Readonly<Record<string, unknown>> | RowFault,
): made is Readonly<Record<string, unknown>> {
  return !('detail' in made);
}

/** A member by its name, or by dots into the depth; a number is a place in an array. */
function find(record: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  let value: unknown = record;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** phpMyAdmin writes NULL in words. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 'NULL';
}

function isSet(value: unknown): boolean {
  return isGiven(value) && toForeignSwitch(value) !== false;
}

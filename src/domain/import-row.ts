import { Failure, type FieldError } from './failure.ts';
import { type NewLink, type RedirectCode, redirectCodes } from './link.ts';

/** A link of an import: what its owner set, and what another installation knows of it. Not yet judged by rules. */
export interface ImportRow extends NewLink {
  readonly blocked?: boolean | undefined;
  readonly createdAt?: number | undefined;
  readonly updatedAt?: number | undefined;
}

/** What an export, or the API, tells of a link and nobody can set: not looked at. */
const toldOnly = new Set(['id', 'shortUrl', 'clicks', 'state', 'version']);

type Parse = (value: unknown) => unknown;

/** Says what a value must be, when it is not. */
const broken = (rule: string) => ({ rule });

const text: Parse = (value) => (typeof value === 'string' ? value : broken('Must be a text.'));
const flag: Parse = (value) =>
  typeof value === 'boolean' ? value : broken('Must be true or false.');
const orNull =
  (parse: Parse): Parse =>
  (value) =>
    value === null ? null : parse(value);
const code: Parse = (value) =>
  redirectCodes.includes(value as RedirectCode)
    ? value
    : broken(`Must be ${redirectCodes.join(', ')}, as a number.`);

/** RFC 3339, with seconds and an offset, as everywhere in the API. */
const timeForm =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const time: Parse = (value) => {
  const [, year, month, day] = timeForm.exec(typeof value === 'string' ? value : '') ?? [];
  const isDay = Number(day) <= daysIn(Number(year), Number(month));
  return isDay
    ? Date.parse(value as string)
    : broken('Must be a time with an offset, such as 2030-01-31T09:00:00Z.');
};

const fields: Readonly<Record<keyof ImportRow, Parse>> = {
  destination: text,
  slug: text,
  title: orNull(text),
  redirectCode: code,
  forwardQuery: flag,
  notBefore: orNull(time),
  expiresAt: orNull(time),
  disabled: flag,
  blocked: flag,
  createdAt: time,
  updatedAt: time,
};

const names = new Map(Object.entries(fields));

/** Reads a row that was JSON. Throws `invalid` with every field that is not what it must be, or that no link has. */
export function parseImportRow(value: unknown): ImportRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid([{ pointer: '', detail: 'A link is a JSON object.' }]);
  }
  const errors: FieldError[] = [];
  const row: Record<string, unknown> = {};
  for (const name in value) {
    const parse = names.get(name);
    if (parse === undefined) {
      if (!toldOnly.has(name)) errors.push(noSuchField(name));
      continue;
    }
    const parsed = parse((value as Record<string, unknown>)[name]);
    if (isBroken(parsed)) errors.push({ pointer: `/${name}`, detail: parsed.rule });
    else row[name] = parsed;
  }
  if (row.destination === undefined && !errors.some(({ pointer }) => pointer === '/destination')) {
    errors.push({ pointer: '/destination', detail: 'A link needs a destination.' });
  }
  if (errors.length > 0) throw invalid(errors);
  return row as unknown as ImportRow;
}

function isBroken(parsed: unknown): parsed is { readonly rule: string } {
  return typeof parsed === 'object' && parsed !== null;
}

function noSuchField(name: string): FieldError {
  const token = name.replaceAll('~', '~0').replaceAll('/', '~1');
  return { pointer: `/${token}`, detail: 'There is no such field.' };
}

function invalid(errors: readonly FieldError[]): Failure {
  return new Failure('invalid', errors.map(({ detail }) => detail).join(' '), { errors });
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

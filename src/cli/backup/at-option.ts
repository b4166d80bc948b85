import { InvalidArgumentError, Option } from 'commander';

/** `--at`: a moment, with its zone, since nobody knows which one is meant otherwise. */
export function atOption(): Option {
  return new Option(
    '--at <time>',
    'the newest of then or before, such as 2026-11-20T10:00:00Z',
  ).argParser((text) => {
    const time = parseMoment(text);
    if (time !== undefined) return time;
    throw new InvalidArgumentError('It is a time with its zone, such as 2026-11-20T10:00:00Z.');
  });
}

/**
 * The last millisecond that a text means: a time without fractions, as lists show them, is all of its second. `undefined` for
 * what is no time, and for a day that its month does not have.
 */
export function parseMoment(text: string): Date | undefined {
  const form = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;
  const [, day, fraction] = form.exec(text) ?? [];
  const ms = Date.parse(text);
  if (day === undefined || Number.isNaN(ms)) return undefined;
  // A date that goes past the end of its month is taken for one of the next.
  if (!new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)) return undefined;
  return new Date(fraction === undefined ? ms + 999 : ms);
}

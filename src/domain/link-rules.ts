import { invalidField } from './failure.ts';
import { type Link, maxTitleLength } from './link.ts';
import { isSingleLine } from './single-line.ts';

/** 9999-12-31T23:59:59.999Z, the last time that ISO 8601 writes with four digits of year. */
const latestTime = 253_402_300_799_999;

/**
 * A title without white space around it; nothing but white space is no title. Throws `invalid` at
 * `/title` when it is too long or would not fit on one line.
 */
export function parseTitle(text: string | null): string | null {
  if (text === null) return null;
  const title = text.trim();
  if (title.length > maxTitleLength) {
    throw invalidField('/title', `A title has at most ${maxTitleLength} characters.`);
  }
  if (!isSingleLine(title)) {
    throw invalidField('/title', 'A title has no control characters and no line breaks.');
  }
  return title === '' ? null : title;
}

/** A time that can be written as text. Throws `invalid` at `pointer`. */
export function parseTime(pointer: string, time: number | null): number | null {
  if (time === null) return null;
  if (!Number.isSafeInteger(time) || time < 0 || time > latestTime) {
    throw invalidField(pointer, 'A time lies between the years 1970 and 9999.');
  }
  return time;
}

/** Throws `invalid` at `pointer` for a link that would expire before it begins, or at that moment. */
export function checkTiming(link: Pick<Link, 'notBefore' | 'expiresAt'>, pointer: string): void {
  if (link.notBefore !== null && link.expiresAt !== null && link.notBefore >= link.expiresAt) {
    throw invalidField(pointer, 'A link expires after it begins: notBefore is before expiresAt.');
  }
}

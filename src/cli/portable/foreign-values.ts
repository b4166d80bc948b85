import { maxTitleLength } from '../../domain/link.ts';

/**
 * A slug, of what may be a slug, a path or a whole short URL, with or without its scheme.
 */
export function toForeignSlug(text: string): string {
  const url = /^https?:/i.test(text) ? URL.parse(text) : null;
  const path = url?.pathname ?? text.trim().replace(hostInFront, '');
  return path.replace(/^\/|\/$/g, '');
}

const hostInFront = /^[A-Za-z0-9.-]+\.[A-Za-z]{2,}(:\d+)?\//;

/** A title that is one line of a length that fits: titles of pages are neither. */
export function toForeignTitle(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= maxTitleLength
    ? line
    : `${line.slice(0, maxTitleLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const timeForm =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * A time as the API takes it. A day is its beginning, one without an offset is UTC, and a number is of seconds or
 * milliseconds since 1970. What is none of these is left as it is, and refused by whoever judges the row.
 */
export function toForeignTime(value: unknown): unknown {
  const number = typeof value === 'number' ? value : Number(/^\d{9,13}$/.exec(String(value))?.[0]);
  if (Number.isFinite(number)) {
    return new Date(number < 100_000_000_000 ? number * 1000 : number).toISOString();
  }
  const [, day, minute = '00:00', second = ':00', offset = 'Z'] =
    timeForm.exec(String(value).trim()) ?? [];
  if (day === undefined) return value;
  const zone = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  return `${day}T${minute}${second}${zone.toUpperCase()}`;
}

/** A switch, of a JSON value or a cell; what is none is left as it is. */
export function toForeignSwitch(value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  if (/^(true|yes|1)$/i.test(String(value))) return true;
  return /^(false|no|0)$/i.test(String(value)) ? false : value;
}

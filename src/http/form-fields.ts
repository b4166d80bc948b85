import { Failure, type FieldError } from '../domain/failure.ts';

/**
 * Parses `application/x-www-form-urlencoded` text, of a query or a body, strictly: what
 * `URLSearchParams` would repair (bad percent-encoding, bytes that are not UTF-8) or silently pick from
 * (a repeated name) fails with the name. Throws `malformed` or `invalid`.
 */
export function parseFormFields(text: string): Readonly<Record<string, string>> {
  // Without a prototype: a field named `__proto__` is a field.
  const fields: Record<string, string> = Object.create(null);
  const repeated: FieldError[] = [];
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const rawName = equals === -1 ? pair : pair.slice(0, equals);
    const name = decode(rawName, rawName);
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1), name);
    if (Object.hasOwn(fields, name)) {
      repeated.push({ pointer: name, detail: 'May be given only once.' });
    }
    fields[name] = value;
  }
  if (repeated.length > 0) {
    throw new Failure('invalid', 'A field is given more than once.', { errors: repeated });
  }
  return fields;
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    const detail = 'A field is not percent-encoded UTF-8.';
    throw new Failure('malformed', detail, { errors: [{ pointer: name, detail }] });
  }
}

/** The query of a request target, without its question mark. */
export function queryOf(requestTarget: string): string {
  const start = requestTarget.indexOf('?');
  return start === -1 ? '' : requestTarget.slice(start + 1);
}

import type { IncomingMessage } from 'node:http';
import accepts from 'accepts';
import { Failure, type FieldError } from '../domain/failure.ts';

/** How a one-line client gets its short URL: bare, as a JSON string, or on a page. Varies by `Accept`. */
export type LineForm = 'text' | 'json' | 'html';

export function chooseLineForm(request: IncomingMessage): LineForm {
  const chosen = accepts(request).types(['text', 'json', 'html']);
  return chosen === 'json' || chosen === 'html' ? chosen : 'text';
}

/**
 * What went wrong with a link's fields, in the words of a one-line client: its fields have names, not
 * pointers, and a bad destination is an "Invalid URL". `undefined` for errors that are not about the fields.
 */
export function toLineFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Failure)) return undefined;
  switch (error.kind) {
    case 'invalid':
    case 'conflict': {
      const errors = error.details.errors?.map(toNamed) ?? [];
      const kind = errors.some(({ pointer }) => pointer === 'url') ? 'invalid_url' : error.kind;
      return new Failure(kind, error.message, { errors }, error);
    }
    case 'invalid_url':
    case 'idempotency_mismatch':
      return error;
    default:
      return undefined;
  }
}

function toNamed({ pointer, detail }: FieldError): FieldError {
  if (pointer === '/destination') return { pointer: 'url', detail };
  return { pointer: pointer.replace(/^\//, ''), detail };
}

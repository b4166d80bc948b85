import { hash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../domain/failure.ts';
import type { LinkPageStart, LinkSort } from '../domain/link-store.ts';

/** What a cursor belongs to: it continues one list and no other. */
export interface CursorList {
  readonly sort: LinkSort;
  readonly search: string | undefined;
}

const content = z.tuple([z.string(), z.union([z.string().max(200), z.int()]), z.int().min(0)]);

/**
 * An opaque mark of where the next page of a list begins. It is not signed: whoever makes one up reads the
 * same list from another place.
 */
export function toCursor(list: CursorList, start: LinkPageStart): string {
  return Buffer.from(JSON.stringify([markOf(list), start.value, start.id])).toString('base64url');
}

/** Throws `invalid` for what is no cursor, or the cursor of another list. */
export function parseCursor(text: string, list: CursorList): LinkPageStart {
  const [mark, value, id] = readContent(text) ?? [];
  if (mark === undefined || value === undefined || id === undefined) {
    throw invalidCursor('Is not a cursor of this service.');
  }
  const numeric = list.sort !== 'slug' && list.sort !== '-slug';
  if (mark !== markOf(list) || numeric !== (typeof value === 'number')) {
    throw invalidCursor('Belongs to a list with another sort or search.');
  }
  return { value, id };
}

function readContent(text: string): z.output<typeof content> | undefined {
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(text)) return undefined;
  try {
    return content.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function markOf({ sort, search }: CursorList): string {
  return hash('sha256', JSON.stringify([sort, search ?? null]), 'base64url').slice(0, 12);
}

function invalidCursor(detail: string): Failure {
  return new Failure('invalid', detail, { errors: [{ pointer: 'cursor', detail }] });
}

import type { Operation } from '../history.ts';

/** A read of one slug that was answered: with a destination, or null for no such link. */
export type LookUp = Operation & { readonly key: string; readonly value: string | null };

/** Whether an operation read one slug and got an answer about it. */
export function isLookUp(operation: Operation): operation is LookUp {
  const { op, type, value, key } = operation;
  if (type !== 'ok' || key === null) return false;
  if (op !== 'follow' && op !== 'followNew' && op !== 'get') return false;
  return typeof value === 'string' || value === null;
}

/** What a list shows: slugs and destinations; nothing for other operations. */
export function listed(operation: Operation): readonly (readonly [string, string])[] {
  const { op, type, value } = operation;
  if (op !== 'list' || type !== 'ok' || typeof value !== 'object' || value === null) return [];
  return Object.entries(value);
}

/** What an operation learnt of slugs. A list that does not show a slug says nothing of it: it may be on another page. */
export function learnt(operation: Operation): readonly (readonly [string, string | null])[] {
  return isLookUp(operation) ? [[operation.key, operation.value]] : listed(operation);
}

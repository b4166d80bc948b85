import { hasReached, isTxid, type Progress } from '../domain/position.ts';

/** How far the fleet's links were when a primary last said so, and which node that was. Kept in Consul. */
export interface Mark extends Progress {
  readonly node: string;
}

/**
 * Parses a mark as it lies in Consul. Throws when it is none: then nobody can tell how far the fleet was, which must not
 * pass for a fleet that has no mark yet.
 */
export function parseMark(text: string): Mark {
  const value: unknown = JSON.parse(text);
  const progress = toProgress(value);
  if (progress === undefined) throw new Error(`the mark in Consul is none: ${text.slice(0, 200)}`);
  const { node } = value as { readonly node?: unknown };
  return { ...progress, node: typeof node === 'string' ? node : '' };
}

/** The progress in an untrusted value; `undefined` when it is none. */
export function toProgress(value: unknown): Progress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { epoch, txid } = value as { readonly epoch?: unknown; readonly txid?: unknown };
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 0) return undefined;
  return typeof txid === 'string' && isTxid(txid) ? { epoch, txid } : undefined;
}

/** The mark to write when the lease's holder is at `own`; `undefined` when it must stay: it is only ever raised. */
export function raiseMark(
  mark: Mark | undefined,
  own: Progress | undefined,
  node: string,
): Mark | undefined {
  if (own === undefined) return undefined;
  if (mark !== undefined && hasReached(mark, own)) return undefined;
  return { epoch: own.epoch, txid: own.txid, node };
}

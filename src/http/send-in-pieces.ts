import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** At 8 KB a link, which is the longest, one piece takes a millisecond. */
const itemsPerPiece = 50;

/**
 * Sends a long list as a JSON array, a piece in each turn of the event loop, so that redirects come in between. Ends
 * early when nobody is there any more.
 */
export async function sendInPieces<T>(
  response: ServerResponse,
  items: readonly T[],
  toJson: (item: T) => unknown,
): Promise<void> {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    const piece = items.slice(at, at + itemsPerPiece).map(toJson);
    response.write(`${at === 0 ? '[' : ','}${JSON.stringify(piece).slice(1, -1)}`);
    await nextTurn();
    if (response.destroyed) return;
  }
  response.end(items.length === 0 ? '[]' : ']');
}

/**
 * A long list as bytes, some items each: what one thread gives another whole, without either of them reading or writing
 * all of it at once. Each piece is a JSON array in UTF-8.
 */
export type Pieces = readonly Uint8Array<ArrayBuffer>[];

/** So many items a piece: links of usual length take a few tenths of a millisecond to read or write. */
export const itemsPerPiece = 50;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One piece of any items that JSON can hold. Its buffer is its own, so it can be given away. */
export function packPiece(items: readonly unknown[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(items));
}

/** The items of one piece, which whoever calls knows the type of. */
export function unpackPiece<Item>(piece: Uint8Array): readonly Item[] {
  return JSON.parse(decoder.decode(piece)) as readonly Item[];
}

/** A whole list in pieces. */
export function packPieces(items: readonly unknown[]): Pieces {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    pieces.push(packPiece(items.slice(at, at + itemsPerPiece)));
  }
  return pieces;
}

/** All items of all pieces, at once. */
export function unpackPieces<Item>(pieces: Pieces): readonly Item[] {
  return pieces.flatMap((piece) => unpackPiece<Item>(piece));
}

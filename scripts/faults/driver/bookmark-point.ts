/** What a bookmark names: `1`, then epoch, tag, txid and their signature in base64url (src/cluster/bookmark-text.ts). */
export interface BookmarkPoint {
  readonly epoch: number;
  readonly txid: string;
}

const epochBytes = 4;
const tagBytes = 4;
const txidBytes = 8;

/** Reads what a bookmark of the fleet names, without its key; `undefined` for other text. */
export function readBookmark(text: string | undefined): BookmarkPoint | undefined {
  if (text === undefined || !/^1[A-Za-z0-9_-]{36}$/.test(text)) return undefined;
  const bytes = Buffer.from(text.slice(1), 'base64url');
  const txidAt = epochBytes + tagBytes;
  return {
    epoch: bytes.readUInt32BE(),
    txid: bytes.toString('hex', txidAt, txidAt + txidBytes),
  };
}

/** A LiteFS transaction id: 16 lower-case hex digits, compared as text. Never a number: it is a uint64. */
export type Txid = string & { readonly __brand: 'Txid' };

/**
 * How far a database is. Two positions are the same only when both parts are (docs/facts.md, "Txids repeat
 * after a lossy failover").
 */
export interface Position {
  readonly txid: Txid;
  readonly checksum: string;
}

/**
 * The epoch together with a txid: ordered over failovers, because each new primary raises the epoch in
 * its first transaction.
 */
export interface Progress {
  readonly epoch: number;
  readonly txid: Txid;
}

const positionText = /^([0-9a-f]{16})\/([0-9a-f]{16})\n?$/;

/** Parses the content of a LiteFS `-pos` file, `txid/checksum`; `undefined` when it is not that. */
export function parsePosition(text: string): Position | undefined {
  const match = positionText.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { txid: match[1] as Txid, checksum: match[2] };
}

/** Whether `text` has the form of a txid. */
export function isTxid(text: string): text is Txid {
  return /^[0-9a-f]{16}$/.test(text);
}

/** Whether a node at `own` has everything that a node at `other` had. */
export function hasReached(own: Progress, other: Progress): boolean {
  return own.epoch > other.epoch || (own.epoch === other.epoch && own.txid >= other.txid);
}

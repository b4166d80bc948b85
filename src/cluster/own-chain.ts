import type { Position, Txid } from '../domain/position.ts';

/** A position of this primary, with its place in the order of all. */
export interface ChainLink {
  /** Rises by one with each position. */
  readonly index: number;
  /** When it became known, monotonic milliseconds. */
  readonly atMs: number;
}

/**
 * The last positions of `links.db` in one term of this primary, in their order. A copy that is at one of them has that
 * one and all before it, because a checksum is over the whole database.
 */
export class OwnChain {
  readonly #maxLength: number;
  /** In the order of their indexes. */
  readonly #links = new Map<string, ChainLink>();
  #tip: ChainLink;
  #tipTxid: Txid;

  constructor(first: Position, atMs: number, maxLength: number) {
    this.#maxLength = maxLength;
    this.#tip = { index: 0, atMs };
    this.#tipTxid = first.txid;
    this.#links.set(toKey(first), this.#tip);
  }

  /** The newest. */
  get tip(): ChainLink {
    return this.#tip;
  }

  /**
   * Adds a position, unless it is there already, and forgets the oldest when there are too many. `undefined` for one that
   * cannot come next, because txids of one primary only grow: it would seem to be proven by those before it.
   */
  add(position: Position, atMs: number): ChainLink | undefined {
    const known = this.find(position);
    if (known !== undefined) return known;
    if (position.txid <= this.#tipTxid) return undefined;
    this.#tip = { index: this.#tip.index + 1, atMs };
    this.#tipTxid = position.txid;
    this.#links.set(toKey(position), this.#tip);
    if (this.#links.size > this.#maxLength) {
      const [oldest] = this.#links.keys();
      if (oldest !== undefined) this.#links.delete(oldest);
    }
    return this.#tip;
  }

  /** Finds a position by txid and checksum, never by one of them (docs/facts.md, "Txids repeat after a lossy failover"). */
  find(position: Position): ChainLink | undefined {
    return this.#links.get(toKey(position));
  }
}

function toKey({ txid, checksum }: Position): string {
  return `${txid}/${checksum}`;
}

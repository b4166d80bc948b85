import type { Position } from '../domain/position.ts';

/**
 * The last positions that another node has shown, as long as they can be of one history. A position may be shown before
 * this process hears of the commit that made it.
 */
export class ShownPositions {
  readonly #maxLength: number;
  readonly #keys = new Set<string>();
  #last: Position | undefined;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * Adds one, and says whether it may follow the one before. A txid that does not grow means that the node was set back to
   * another history: then all that it has shown before is forgotten.
   */
  add(position: Position): 'follows' | 'known' | 'set back' {
    const last = this.#last;
    if (last?.txid === position.txid && last.checksum === position.checksum) return 'known';
    const isSetBack = last !== undefined && position.txid <= last.txid;
    if (isSetBack) this.#keys.clear();
    this.#last = position;
    this.#keys.add(toKey(position));
    if (this.#keys.size > this.#maxLength) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    return isSetBack ? 'set back' : 'follows';
  }

  has(position: Position): boolean {
    return this.#keys.has(toKey(position));
  }

  clear(): void {
    this.#keys.clear();
    this.#last = undefined;
  }
}

function toKey({ txid, checksum }: Position): string {
  return `${txid}/${checksum}`;
}

import { copy, cut } from './header-text.ts';

/**
 * Remembers what was found out about strings that clients send; bounded in entries and in their length.
 *
 * Two generations: what is asked for moves into the young one, and when that is full the old one is dropped
 * with everything nobody asked for meanwhile. So a hit writes nothing, as it would in a list ordered by use.
 */
export class Memo<Value> {
  readonly #maxEntries: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `maxEntries` of a generation; at most twice as many are kept. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** What was set for `text`, of which only the first `maxTextLength` characters count. */
  get(text: string): Value | undefined {
    const key = cut(text);
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#keep(key, old);
    return old;
  }

  set(text: string, value: Value): void {
    this.#keep(cut(text), value);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  #keep(key: string, value: Value): void {
    if (this.#young.size >= this.#maxEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(copy(key), value);
  }
}

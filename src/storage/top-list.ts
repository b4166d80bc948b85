/**
 * The items with the greatest weights among all that are added, at most `limit`; of equal ones those that came first.
 * Takes about as long as going through them, and no more memory than twice the limit.
 */
export class TopList<Item> {
  readonly #limit: number;
  #kept: { readonly weight: number; readonly item: Item }[] = [];
  /** What an item must outweigh to get in. */
  #bound = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** An item without weight is left out. */
  add(weight: number, item: Item): void {
    if (weight <= this.#bound) return;
    this.#kept.push({ weight, item });
    if (this.#kept.length >= 2 * this.#limit) this.#cut();
  }

  /** The greatest first. */
  toArray(): Item[] {
    this.#cut();
    return this.#kept.map(({ item }) => item);
  }

  #cut(): void {
    this.#kept.sort((a, b) => b.weight - a.weight);
    this.#kept.length = Math.min(this.#kept.length, this.#limit);
    const last = this.#kept.at(-1);
    if (last !== undefined && this.#kept.length === this.#limit) this.#bound = last.weight;
  }
}

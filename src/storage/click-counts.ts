import type { ClickCounts } from '../domain/click.ts';
import type { ClickOrder } from '../domain/click-reader.ts';
import type { CountColumns } from './click-schema.ts';

/** The columns of counts, by name as readers ask for them. */
export const countColumns = [
  'clicks',
  'bots',
  'visitors',
] as const satisfies readonly (keyof CountColumns)[];

/** What a list in this order goes by. */
export function weigh({ clicks, bots }: ClickCounts, order: ClickOrder): number {
  switch (order) {
    case 'people':
      return clicks;
    case 'bots':
      return bots;
    case 'all':
      return clicks + bots;
  }
}

/** Counts by the number of what they are for, added up from many rows. */
export class CountSums {
  readonly #sums = new Map<number, CountColumns>();

  get size(): number {
    return this.#sums.size;
  }

  add(id: number, { clicks, bots, visitors }: ClickCounts): void {
    const sum = this.#sums.get(id);
    if (sum === undefined) {
      this.#sums.set(id, { clicks, bots, visitors });
      return;
    }
    sum.clicks += clicks;
    sum.bots += bots;
    sum.visitors += visitors;
  }

  /** Forgets the smallest until at most `size` are left. */
  prune(size: number): void {
    for (let bound = 1; this.#sums.size > size; bound *= 2) {
      for (const [id, { clicks, bots }] of this.#sums) {
        if (clicks + bots <= bound) this.#sums.delete(id);
      }
    }
  }

  clear(): void {
    this.#sums.clear();
  }

  [Symbol.iterator](): IterableIterator<[number, Readonly<CountColumns>]> {
    return this.#sums.entries();
  }
}

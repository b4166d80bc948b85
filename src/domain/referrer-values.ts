import { allLinksId } from './click.ts';
import type { ClickStore } from './click-store.ts';

/** What the referrers past the bound are counted under. */
const otherReferrers = '(other)';

const maxReferrers = 50;
const maxReferrersOfAll = 500;

/**
 * Bounds how many referrers a link has in an hour, since strangers choose them: 50, or 500 of all links together. A
 * referrer past them counts as `(other)`; the unknown one, empty, is always itself. Belongs to one transaction.
 */
export class ReferrerValues {
  readonly #store: Pick<ClickStore, 'hasRollup' | 'countValues'>;
  /** By link and hour: what every referrer seen in this transaction counts under, and how many there are. */
  readonly #known = new Map<string, { readonly values: Map<string, string>; count: number }>();

  constructor(store: Pick<ClickStore, 'hasRollup' | 'countValues'>) {
    this.#store = store;
  }

  /** What `referrer` counts under. */
  find(linkId: number, hour: number, referrer: string): string {
    if (referrer === '') return referrer;
    const id = `${linkId}/${hour}`;
    let known = this.#known.get(id);
    if (known === undefined) {
      known = { values: new Map(), count: this.#store.countValues('referrer', hour, linkId) };
      this.#known.set(id, known);
    }
    const found = known.values.get(referrer);
    if (found !== undefined) return found;
    let value = referrer;
    if (!this.#store.hasRollup({ dimension: 'referrer', hour, linkId, value: referrer })) {
      if (known.count >= (linkId === allLinksId ? maxReferrersOfAll : maxReferrers)) {
        value = otherReferrers;
      } else {
        known.count += 1;
      }
    }
    known.values.set(referrer, value);
    return value;
  }
}

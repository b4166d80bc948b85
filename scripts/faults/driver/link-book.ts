/**
 * Hits of a link whose clicks can be told apart: more than 50 referrers in an hour are counted together
 * (src/domain/referrer-values.ts).
 */
const toldApart = 40;

/** What all clients know of the links that there are: slugs to follow. */
export class LinkBook {
  /** Links that nobody changes. */
  readonly steady: string[] = [];
  /** Links that their writers change or delete, the newest. */
  readonly moving: string[] = [];
  readonly #requests = new Map<string, number>();
  #nextRequest = 0;

  addMoving(slug: string): void {
    this.moving.push(slug);
    if (this.moving.length > 500) this.moving.shift();
  }

  /** An id for a hit on this link; `undefined` when there were so many that a further one could not be told apart. */
  nextRequestId(slug: string): string | undefined {
    const used = this.#requests.get(slug) ?? 0;
    if (used >= toldApart) return undefined;
    this.#requests.set(slug, used + 1);
    this.#nextRequest += 1;
    return `r${this.#nextRequest}`;
  }
}

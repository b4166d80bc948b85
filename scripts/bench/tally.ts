import type { Counting } from './contestant.ts';

/** How many answers to `GET` a server gave, by link. */
export class Tally {
  readonly byLink: Uint32Array;

  constructor(links: number) {
    this.byLink = new Uint32Array(links);
  }

  get answered(): number {
    return this.byLink.reduce((sum, each) => sum + each, 0);
  }

  add(answeredByLink: Uint32Array): void {
    for (const [link, answered] of answeredByLink.entries()) {
      (this.byLink[link] as number) += answered;
    }
  }
}

/** What a server says it has counted, beside what it has answered. */
export interface Counted {
  readonly answered: number;
  /** 0 for a server that counts nothing. */
  readonly counted: number;
  /** How many links have another count than answers. */
  readonly miscounted: number;
}

/** Compares link by link. */
export async function compareCounts(
  tally: Tally,
  counting: Counting | undefined,
): Promise<Counted> {
  const { answered, byLink } = tally;
  if (counting === undefined) return { answered, counted: 0, miscounted: 0 };
  const countByLink = await counting.countByLink(byLink.length);
  return {
    answered,
    counted: countByLink.reduce((sum, each) => sum + each, 0),
    miscounted: byLink.reduce(
      (sum, each, link) => sum + (each === (countByLink[link] ?? 0) ? 0 : 1),
      0,
    ),
  };
}

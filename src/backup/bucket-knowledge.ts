import type { BucketLook } from './backup-report.ts';

/** What nodes tell each other of a bucket. Ages in milliseconds; `null` is what is not known or not there. */
export interface BucketAges {
  readonly newestAgeMs: number | null;
  readonly clicksAgeMs: number | null;
  readonly verifiedAgeMs: number | null;
  /** Of the clicks in the verified one. */
  readonly verifiedClicksAgeMs: number | null;
}

const nothing: BucketAges = {
  newestAgeMs: null,
  clicksAgeMs: null,
  verifiedAgeMs: null,
  verifiedClicksAgeMs: null,
};

/**
 * What this node knows of the bucket, from its own looks and from what others say: the youngest of each. It is kept as
 * moments of this node's monotonic clock, so that no two clocks are compared.
 */
export class BucketKnowledge {
  readonly #monotonicMs: () => number;
  #atMs: Partial<Record<keyof BucketAges, number>> = {};

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Takes what a look of this node's own found, which outweighs all that was known before. */
  saw({ newest, verified }: BucketLook): void {
    this.#atMs = {};
    this.hear({
      newestAgeMs: newest?.ageMs ?? null,
      clicksAgeMs: newest?.clicksAgeMs ?? null,
      verifiedAgeMs: verified?.ageMs ?? null,
      verifiedClicksAgeMs: verified?.clicksAgeMs ?? null,
    });
  }

  /** Takes what another node knows. */
  hear(ages: BucketAges): void {
    const nowMs = this.#monotonicMs();
    for (const name of Object.keys(nothing) as (keyof BucketAges)[]) {
      const ageMs = ages[name];
      if (ageMs === null) continue;
      this.#atMs[name] = Math.max(this.#atMs[name] ?? Number.NEGATIVE_INFINITY, nowMs - ageMs);
    }
  }

  /** Now. */
  ages(): BucketAges {
    const nowMs = this.#monotonicMs();
    const toAge = (name: keyof BucketAges) => {
      const atMs = this.#atMs[name];
      return atMs === undefined ? null : nowMs - atMs;
    };
    return {
      newestAgeMs: toAge('newestAgeMs'),
      clicksAgeMs: toAge('clicksAgeMs'),
      verifiedAgeMs: toAge('verifiedAgeMs'),
      verifiedClicksAgeMs: toAge('verifiedClicksAgeMs'),
    };
  }
}

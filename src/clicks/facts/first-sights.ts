/** 4 MiB, in 32-bit words. */
const wordCount = 2 ** 20;

/** Bits to a pair: the best number near 5 million pairs. */
const bitsPerPair = 4;

/**
 * Which pairs of link and visitor were there before, in 4 MiB whatever comes: a Bloom filter (Bloom, 1970) of 2^25
 * bits.
 *
 * It never takes a pair that it saw for a new one, but now and then a new one for seen. Measured, it misses 0.004 %
 * of 1 million new pairs, 1.0 % of 5 million and 6.9 % of 10 million; beyond that it finds ever fewer.
 */
export class FirstSights {
  readonly #words = new Int32Array(wordCount);

  /** Notes a pair; true when it was not there before. `linkId` is up to 2^53, a visitor two times 32 bit. */
  add(linkId: number, visitorLow: number, visitorHigh: number): boolean {
    let bit = mix(visitorLow ^ Math.imul(linkId | 0, 0x9e3779b1));
    // Double hashing (Kirsch and Mitzenmacher, 2006): the bits are a walk with a step of its own.
    const step = mix(visitorHigh ^ bit ^ (linkId / 2 ** 32)) | 1;
    let isNew = false;
    for (let nth = 0; nth < bitsPerPair; nth += 1) {
      const index = bit >>> 12;
      const word = this.#words[index] as number;
      const mask = 1 << ((bit >>> 7) & 31);
      if ((word & mask) === 0) {
        isNew = true;
        this.#words[index] = word | mask;
      }
      bit = (bit + step) | 0;
    }
    return isNew;
  }
}

/** Each bit of the result depends on all bits of `value`. Source: the finalizer of MurmurHash3, Austin Appleby. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** All slugs of a benchmark have so many characters. */
export const slugLength = 7;

const digits = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz', 'latin1');

/**
 * Writes the slug of the n-th link, counted from 0, into `target`: signs that look drawn, another slug for each
 * number below 2^32. No text is made, so that a program can ask for any of 10 million links and keep none of them.
 */
export function writeSlug(n: number, target: Uint8Array, offset: number): void {
  // An odd factor permutes the numbers of 32 bits; in base 36 they have at most seven digits.
  let rest = Math.imul(n + 1, 2_654_435_761) >>> 0;
  for (let at = offset + slugLength - 1; at >= offset; at -= 1) {
    target[at] = digits[rest % digits.length] as number;
    rest = Math.floor(rest / digits.length);
  }
}

/** The slug of the n-th link. */
export function slugOf(n: number): string {
  const bytes = Buffer.alloc(slugLength);
  writeSlug(n, bytes, 0);
  return bytes.toString('latin1');
}

/** What stands before and behind the slug in a destination. */
export const destinationFrame = {
  before: 'https://www.example.com/shop/spring/landing?campaign=2026&id=',
  after: 'xx',
} as const;

/** Where the n-th link leads: 70 characters, as common destinations have. */
export function destinationOf(n: number): string {
  return `${destinationFrame.before}${slugOf(n)}${destinationFrame.after}`;
}

/** What LiteFS writes when it never heard from a primary, or not yet again: MaxInt32. */
const unknownLag = 2_147_483_647;

/**
 * Parses LiteFS's `.lag` file, `%+010d` milliseconds; `undefined` when it holds no lag. Below zero, which clocks
 * that differ can cause, counts as zero.
 */
export function parseLag(text: string): number | undefined {
  const lagMs = /^[+-]\d{1,10}\n?$/.test(text) ? Number.parseInt(text, 10) : unknownLag;
  return lagMs === unknownLag ? undefined : Math.max(0, lagMs);
}

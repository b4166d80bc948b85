/** The slug of the n-th link of a benchmark: seven signs that look drawn, each once. */
export function slugOf(n: number): string {
  // An odd factor permutes the numbers of 32 bits.
  return (Math.imul(n + 1, 2_654_435_761) >>> 0).toString(36).padStart(7, '0');
}

/** Where the n-th link leads: 70 characters, as common destinations have. */
export function destinationOf(n: number): string {
  return `https://www.example.com/shop/spring/landing?campaign=2026&id=${slugOf(n)}xx`;
}

/**
 * Secrets or keys of one purpose, the newest use first: the first one signs, and all of them verify. So a fleet changes
 * to a new one node by node, and whoever is served by two nodes in turn notices nothing.
 */
export type Rotating<T> = readonly [first: T, ...others: T[]];

/** Reads a list with commas; a text without one is a list of one. */
export function parseRotating(text: string): Rotating<string> {
  const [first = '', ...others] = text.split(',').map((part) => part.trim());
  return [first, ...others];
}

/** Makes something of each. */
export function mapRotating<T, U>(
  [first, ...others]: Rotating<T>,
  make: (one: T) => U,
): Rotating<U> {
  return [make(first), ...others.map(make)];
}

/**
 * First path segments that belong to Hoplite itself or that clients ask for by convention, folded.
 * Names with a dot (`robots.txt`, `.well-known`) need no entry: the grammar of slugs has no dots.
 */
const reserved = new Set([
  'admin',
  'api',
  'assets',
  'docs',
  'health',
  'healthz',
  'hoplite',
  'links',
  'livez',
  'login',
  'logout',
  'metrics',
  'openapi',
  'operator',
  'ready',
  'readyz',
  'session',
  'static',
  'status',
]);

/** Whether a folded slug is kept for Hoplite's own paths. */
export function isReserved(folded: string): boolean {
  return reserved.has(folded);
}

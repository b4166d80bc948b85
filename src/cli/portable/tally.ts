import { counted } from '../counted.ts';

/** What has become of the rows of an import so far. */
export interface Tally {
  created: number;
  replaced: number;
  unchanged: number;
  skipped: number;
  failed: number;
}

export function createTally(): Tally {
  return { created: 0, replaced: 0, unchanged: 0, skipped: 0, failed: 0 };
}

const names: Readonly<Record<string, keyof Tally>> = {
  c: 'created',
  r: 'replaced',
  u: 'unchanged',
  s: 'skipped',
  f: 'failed',
};

/** Adds a letter for each row, as the API tells them. */
export function addFates(tally: Tally, fates: string): void {
  for (const letter of fates) {
    const name = names[letter];
    if (name === undefined) throw new Error(`no row comes to "${letter}"`);
    tally[name] += 1;
  }
}

/** How many rows there were. */
export function countRows({ created, replaced, unchanged, skipped, failed }: Tally): number {
  return created + replaced + unchanged + skipped + failed;
}

/** In words, without what did not happen; a file may have no rows at all. */
export function describeTally(tally: Tally, isDryRun: boolean): string {
  if (countRows(tally) === 0) return 'There are no rows in it.';
  const made = isDryRun ? 'would be made' : 'made';
  const parts = [
    `${counted(tally.created, 'link')} ${made}`,
    tally.replaced > 0 && `${tally.replaced} ${isDryRun ? 'would be replaced' : 'replaced'}`,
    tally.unchanged > 0 && `${tally.unchanged} there already`,
    tally.skipped > 0 && `${tally.skipped} skipped, because their slugs lead elsewhere`,
    tally.failed > 0 && `${tally.failed} ${isDryRun ? 'would fail' : 'failed'}`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

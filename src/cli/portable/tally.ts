import { fateLetters, type ImportFate } from '../../domain/import-fate.ts';
import { counted } from '../counted.ts';

/** What has become of the rows of an import so far. */
export type Tally = Record<ImportFate | 'failed', number>;

export function createTally(): Tally {
  return { created: 0, replaced: 0, unchanged: 0, skipped: 0, failed: 0 };
}

const fatesByLetter: ReadonlyMap<string, keyof Tally> = new Map(
  Object.entries(fateLetters).map(([fate, letter]) => [letter, fate as keyof Tally]),
);

/** Adds a letter for each row, as the API tells them. */
export function addFates(tally: Tally, fates: string): void {
  for (const letter of fates) {
    const fate = fatesByLetter.get(letter);
    if (fate === undefined) throw new Error(`no row comes to "${letter}"`);
    tally[fate] += 1;
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

/** What can become of a row of an import that does not fail. */
export type ImportFate = 'created' | 'replaced' | 'unchanged' | 'skipped';

/** The letter of each in a list of all rows, and that of one that fails. */
export const fateLetters: Readonly<Record<ImportFate | 'failed', string>> = {
  created: 'c',
  replaced: 'r',
  unchanged: 'u',
  skipped: 's',
  failed: 'f',
};

/** What becomes of one whose slug another link has that leads elsewhere. */
export const onConflicts = ['fail', 'skip', 'replace'] as const;
export type OnConflict = (typeof onConflicts)[number];

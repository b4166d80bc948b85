/** A wider cell does not widen its column: one long destination would push all others aside. */
const widestColumn = 60;
const gap = '  ';

/** Lines of cells under each other. The last cell of a row is never padded. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, Math.min(cell.length, widestColumn));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** For a terminal: at most as much of a text as a column is wide. */
export function shorten(text: string): string {
  return text.length > widestColumn ? `${text.slice(0, widestColumn - 1)}…` : text;
}

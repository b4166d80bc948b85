/** The first table below a heading of a page, a row each by the names of its columns. Throws without one. */
export function readDocTable(page: string, heading: string): Readonly<Record<string, string>>[] {
  const [, below = ''] = page.split(new RegExp(`^#+ ${RegExp.escape(heading)}$`, 'm'));
  const [section = ''] = below.split(/^#+ /m);
  const [head, , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  if (head === undefined || rows.length === 0) throw new Error(`no table below "${heading}"`);
  return rows.map((cells) => Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])));
}

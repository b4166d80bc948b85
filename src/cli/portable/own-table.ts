import { Refusal } from '../refusal.ts';
import { expectOnce, quoteNames } from './column-names.ts';
import { clickColumns, linkColumns, unguardFormula } from './link-columns.ts';

/** Columns that nobody can set. */
const toldOnly: ReadonlySet<string> = new Set<string>([
  'id',
  'short_url',
  ...clickColumns.map(([name]) => name),
]);
const fields: ReadonlyMap<string, string> = new Map<string, string>(linkColumns);

type Column = readonly [index: number, field: string, read: (cell: string) => unknown];

/**
 * How the cells of an own table become a link, by its line of names. A cell that is empty says nothing. Throws a `Refusal`
 * for a column that there is not, or twice, and where there is none of destinations.
 */
export function createOwnTable(
  names: readonly string[],
): (cells: readonly string[]) => Readonly<Record<string, unknown>> {
  const unknown = names.filter((name) => !fields.has(name) && !toldOnly.has(name));
  if (unknown.length > 0 || !names.includes('destination')) {
    const what =
      unknown.length > 0
        ? `${quoteNames(unknown)} ${unknown.length === 1 ? 'is no column' : 'are no columns'} of an export`
        : 'there is no column "destination"';
    throw new Refusal(
      `${what}; say which shortener the table is of with --from, or which column is what with --columns`,
    );
  }
  expectOnce(names);
  const columns = names.flatMap((name, index): readonly Column[] => {
    const field = toldOnly.has(name) ? undefined : fields.get(name);
    return field === undefined ? [] : [[index, field, readerOf(field)]];
  });
  return (cells) => {
    const link: Record<string, unknown> = {};
    for (const [index, field, read] of columns) {
      const cell = cells[index];
      if (cell !== undefined && cell !== '') link[field] = read(cell);
    }
    return link;
  };
}

/** What is no number or switch is left as it is: whoever judges the row says what is wrong with it. */
function readerOf(field: string): (cell: string) => unknown {
  switch (field) {
    case 'title':
      return unguardFormula;
    case 'redirectCode':
      return (cell) => (/^\d+$/.test(cell) ? Number(cell) : cell);
    case 'forwardQuery':
    case 'disabled':
    case 'blocked':
      return (cell) => switches.get(cell.toLowerCase()) ?? cell;
    default:
      return (cell) => cell;
  }
}

/** A spreadsheet writes them in capitals. */
const switches = new Map([
  ['true', true],
  ['false', false],
]);

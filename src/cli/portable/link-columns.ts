/**
 * The columns of a table of links, in their order, and where the values are in a line of the export. Times are ISO 8601 in
 * UTC, what is null is an empty cell.
 */
export const linkColumns = [
  ['id', 'id'],
  ['slug', 'slug'],
  ['short_url', 'shortUrl'],
  ['destination', 'destination'],
  ['title', 'title'],
  ['redirect_code', 'redirectCode'],
  ['forward_query', 'forwardQuery'],
  ['not_before', 'notBefore'],
  ['expires_at', 'expiresAt'],
  ['disabled', 'disabled'],
  ['blocked', 'blocked'],
  ['created_at', 'createdAt'],
  ['updated_at', 'updatedAt'],
] as const;

/** Behind them where counts were asked for: names of the table, and of `clicks` in a line. */
export const clickColumns = [
  ['clicks', 'total'],
  ['people', 'people'],
  ['bots', 'bots'],
  ['visitors_estimate', 'visitorsEstimate'],
] as const;

/** What a spreadsheet takes for the beginning of a formula. Source: OWASP, "CSV Injection". */
const formula = /^'*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/**
 * A title for a cell: an apostrophe in front keeps a spreadsheet from running it. A title that looks like one that was
 * guarded gets another, so that `unguardFormula` gives back exactly what there was.
 */
export function guardFormula(title: string): string {
  return formula.test(title) ? `'${title}` : title;
}

/** The title of a cell that `guardFormula` made. */
export function unguardFormula(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

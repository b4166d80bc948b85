import { setImmediate as nextTick } from 'node:timers/promises';
import accepts from 'accepts';
import { stringify } from 'csv-stringify/sync';
import type { Request, Response } from 'express';
import type { ClickRange } from '../domain/click-range.ts';
import type { ClickReport } from '../domain/click-report.ts';
import { Failure } from '../domain/failure.ts';
import { type TimeZone, toZonedTime } from '../domain/time-zone.ts';

/** The media type of tables (RFC 4180). */
export const csvMediaType = 'text/csv';

/** Which form of a report a client asks for. Varies by `Accept`. Throws `not_acceptable`. */
export function chooseReportForm(request: Request, response: Response): 'json' | 'csv' {
  response.vary('Accept');
  const chosen = accepts(request).types(['application/json', csvMediaType]);
  if (chosen === csvMediaType) return 'csv';
  if (chosen === 'application/json') return 'json';
  const detail = `The counts are to be had as application/json or ${csvMediaType}.`;
  throw new Failure('not_acceptable', detail, { errors: [{ pointer: 'Accept', detail }] });
}

/** Answers with a report as a file. `subject` is a slug, or another name that is safe in a header. */
export async function sendCsv(
  response: Response,
  report: ClickReport,
  { zone, interval }: ClickRange,
  subject: string,
): Promise<void> {
  const table = await toCsv(report, zone);
  const name = `clicks-${subject}-${report.values?.by ?? interval}.csv`;
  response.setHeader('Content-Type', `${csvMediaType}; charset=utf-8; header=present`);
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  response.end(table);
}

/** So many rows are written at once, which takes about a millisecond; redirects go on in between. */
const rowsPerStep = 500;

/**
 * A report as one table (RFC 4180): the values, when some were asked for, else the series. What is not known, and
 * an estimate of visitors where only bots are counted, are empty cells.
 *
 * A cell that begins with =, +, -, @, a tab or a carriage return gets an apostrophe in front, because a
 * spreadsheet would take it for a formula, and a visitor chooses what stands there: hosts of referrers can begin
 * with these. Source: OWASP, "CSV Injection".
 */
async function toCsv({ series, values }: ClickReport, zone: TimeZone): Promise<string> {
  const rows =
    values === undefined
      ? series.map(({ ms, clicks, visitors }) => [toZonedTime(zone, ms), clicks, visitors])
      : values.items.map(({ value, clicks, visitors }) => [value, clicks, visitors]);
  let table = toLines([[values?.by ?? 'start', 'clicks', 'visitors_estimate']]);
  for (let at = 0; at < rows.length; at += rowsPerStep) {
    table += toLines(rows.slice(at, at + rowsPerStep));
    await nextTick();
  }
  return table;
}

function toLines(rows: readonly (readonly (string | number | null)[])[]): string {
  return stringify([...rows], {
    record_delimiter: 'windows',
    // Without it a lone carriage return is not quoted, which some readers take for the end of a line.
    quote_record_delimiter: true,
    escape_formulas: true,
  });
}

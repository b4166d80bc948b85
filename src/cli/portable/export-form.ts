import { stringify } from 'csv-stringify/sync';
import { clickColumns, guardFormula, linkColumns } from './link-columns.ts';

export const exportForms = ['jsonl', 'csv'] as const;
export type ExportForm = (typeof exportForms)[number];

/** How the lines of an export become those of a file. */
export interface ExportWriting {
  /** What stands before all rows, with its line end; may be empty. */
  readonly head: string;
  /** How a file of it begins. */
  readonly mark: string;
  /** Rows out of whole lines. */
  readonly toRows: (lines: Buffer) => Buffer | string;
  /** The id of a row of the file, without its line end; `undefined` when it is none, or has other fields. */
  readonly findId: (row: string) => number | undefined;
}

/** Makes it. */
export function createExportWriting(form: ExportForm, withClicks: boolean): ExportWriting {
  if (form === 'jsonl') {
    const findId = (row: string) => findIdOfLine(row, withClicks);
    return { head: '', mark: '{"id":"', toRows: (lines) => lines, findId };
  }
  const names = [...linkColumns, ...(withClicks ? clickColumns : [])].map(([name]) => name);
  const head = toTable([names]);
  return {
    head,
    mark: head,
    toRows(lines) {
      const texts = lines.toString().split('\n').slice(0, -1);
      return toTable(texts.map((text) => toCells(JSON.parse(text), withClicks)));
    },
    findId(row) {
      const id = /^(\d{1,16}),/.exec(row)?.[1];
      return id === undefined ? undefined : Number(id);
    },
  };
}

type Cell = string | number | boolean | null;

function toCells(link: Readonly<Record<string, unknown>>, withClicks: boolean): Cell[] {
  const cells = linkColumns.map(([, field]) => {
    const value = link[field] as Cell;
    return field === 'title' && value !== null ? guardFormula(String(value)) : value;
  });
  if (!withClicks) return cells;
  const clicks = (link.clicks ?? {}) as Readonly<Record<string, Cell>>;
  return [...cells, ...clickColumns.map(([, field]) => clicks[field] ?? null)];
}

/** RFC 4180, quoted as the table of clicks is. */
function toTable(rows: readonly (readonly Cell[])[]): string {
  return stringify([...rows] as unknown[][], {
    record_delimiter: 'windows',
    quote_record_delimiter: true,
    cast: { boolean: String },
  });
}

function findIdOfLine(row: string, withClicks: boolean): number | undefined {
  try {
    const { id: text, clicks } = JSON.parse(row);
    const id = Number(text);
    const isOne = Number.isSafeInteger(id) && id > 0 && withClicks === (clicks !== undefined);
    return isOne ? id : undefined;
  } catch {
    return undefined;
  }
}

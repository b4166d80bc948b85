import { hash } from 'node:crypto';
import { maxImportLinks } from '../../domain/import-links.ts';
import { isFault, type RowFault, type SourceRow } from './import-row-source.ts';

/** How many rows go in one request. */
export const rowsPerBatch = {
  /** The more, the less often a page is written that many rows change. Nobody who reads waits for a writer. */
  alone: maxImportLinks,
  /** On LiteFS a commit keeps readers out while it writes its pages; they wait for 250 ms at most. */
  fleet: 500,
} as const;
const bytesPerBatch = 4_000_000;

/** Rows that are sent together. */
export interface ImportBatch {
  readonly bytes: Buffer;
  /** The line of each row that is sent. */
  readonly lines: readonly number[];
  /** Rows that are not sent. */
  readonly faults: readonly (RowFault & { readonly line: number })[];
  /**
   * The same for the same rows at the same place of a file, where some have no slug: they would be made again by another
   * run.
   */
  readonly idempotencyKey: string | undefined;
}

/**
 * Groups rows into batches, by nothing but the rows, so that another run of the same file makes the same batches. Where a
 * file cannot be read on, the last batch is one of fewer rows, unless some have no slug: with what follows in a file that
 * was mended they would be another batch, and be made again.
 */
export async function* groupRows(
  rows: AsyncIterable<SourceRow>,
  mostRows: number,
): AsyncGenerator<ImportBatch> {
  let draft = new Draft();
  try {
    for await (const row of rows) {
      draft.add(row);
      if (!draft.isFull(mostRows)) continue;
      yield draft.toBatch();
      draft = new Draft();
    }
  } catch (error) {
    if (!draft.isEmpty && draft.hasSlugs) yield draft.toBatch();
    throw error;
  }
  if (!draft.isEmpty) yield draft.toBatch();
}

class Draft {
  readonly #parts: Buffer[] = [];
  readonly #lines: number[] = [];
  readonly #faults: (RowFault & { readonly line: number })[] = [];
  #bytes = 0;
  #hasSlugs = true;

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#faults.length === 0;
  }

  /** Whether all rows have one. */
  get hasSlugs(): boolean {
    return this.#hasSlugs;
  }

  isFull(mostRows: number): boolean {
    return this.#lines.length + this.#faults.length >= mostRows || this.#bytes >= bytesPerBatch;
  }

  add({ line, content, hasSlug }: SourceRow): void {
    if (isFault(content)) {
      this.#faults.push({ ...content, line });
      return;
    }
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.#hasSlugs &&= hasSlug ?? findSlug(bytes);
    this.#parts.push(bytes);
    this.#lines.push(line);
    this.#bytes += bytes.length + 1;
  }

  toBatch(): ImportBatch {
    const bytes = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      at += part.copy(bytes, at);
      bytes[at] = 0x0a;
      at += 1;
    }
    const key = () => `import-${hash('sha256', `${this.#lines[0]} ${hash('sha256', bytes)}`)}`;
    return {
      bytes,
      lines: this.#lines,
      faults: this.#faults,
      idempotencyKey: this.#hasSlugs ? undefined : key(),
    };
  }
}

/** Whether the row is for a slug of its own. What is no JSON makes no link, so it needs no key either. */
function findSlug(row: Buffer): boolean {
  try {
    const { slug } = Object(JSON.parse(row.toString()));
    return typeof slug === 'string';
  } catch {
    return true;
  }
}

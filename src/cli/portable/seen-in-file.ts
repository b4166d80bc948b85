import { foldSlug, type Slug } from '../../domain/slug.ts';
import { SeenSlugs } from '../../storage/seen-slugs.ts';
import type { ImportBatch } from './import-batches.ts';
import type { RowFault } from './import-row-source.ts';
import type { ImportAnswer, ImportMode } from './send-batch.ts';

/** What becomes of the rows of a batch when those of earlier ones are taken into account. */
export interface JudgedAgain {
  readonly fates: string;
  readonly faults: readonly (RowFault & { readonly line: number })[];
}

/**
 * Knows what a dry run would have made by now. The node does not, since nothing is written: to it, a slug that comes in
 * two batches is free both times.
 */
export class SeenInFile implements Disposable {
  readonly #slugs = new SeenSlugs();

  judge(
    { bytes, lines }: ImportBatch,
    { fates, failures, slugCase }: ImportAnswer,
    onConflict: ImportMode['onConflict'],
  ): JudgedAgain {
    const faults: (RowFault & { readonly line: number })[] = [];
    const broken = new Set(
      failures.filter(({ problem }) => problem.status !== 409).map(({ index }) => index),
    );
    const rows = bytes.toString().split('\n');
    const judged = [...fates].map((fate, index) => {
      const row = broken.has(index) ? undefined : toSeen(rows[index] ?? '');
      if (row?.slug === undefined) return fate;
      const { slug, destination } = row;
      const line = lines[index] ?? 0;
      const key = foldSlug(slug as Slug, slugCase);
      const earlier = this.#slugs.find(key);
      if (earlier === undefined) {
        if (fate === 'c') this.#slugs.put(key, { line, destination });
        return fate;
      }
      if (earlier.destination === destination) return fate === 'r' ? 'r' : 'u';
      if (onConflict === 'skip') return 's';
      if (onConflict === 'replace') {
        this.#slugs.put(key, { line, destination });
        return 'r';
      }
      const detail = `The slug "${slug}" comes in line ${earlier.line} too, with another destination.`;
      faults.push({ line, field: 'slug', detail });
      return 'f';
    });
    return { fates: judged.join(''), faults };
  }

  [Symbol.dispose](): void {
    this.#slugs[Symbol.dispose]();
  }
}

/** Rows that are not broken are JSON with a destination that is a URL. */
function toSeen(text: string): { readonly slug: string | undefined; readonly destination: string } {
  const { slug, destination } = JSON.parse(text);
  return { slug, destination: URL.parse(destination.trim())?.href ?? destination };
}

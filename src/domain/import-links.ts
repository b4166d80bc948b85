import { applyChanges } from './apply-changes.ts';
import { type RowFailure, toBulkFailure, toRowFailure } from './bulk-links.ts';
import type { Clock } from './clock.ts';
import type { SlugCase } from './domain-name.ts';
import { Failure, invalidField } from './failure.ts';
import { findRepeatedRequest, type IdempotencyStore, rememberRequest } from './idempotency.ts';
import { fateLetters, type ImportFate } from './import-fate.ts';
import { type ImportRow, parseImportRow } from './import-row.ts';
import { createDryTarget, createRealTarget, type ImportTarget } from './import-target.ts';
import {
  createInsertGenerated,
  type InsertLinkDeps,
  judgeNewLink,
  type LinkWithoutSlug,
} from './insert-link.ts';
import type { Link } from './link.ts';
import { nextLinkId } from './link-id.ts';
import { parseTime } from './link-rules.ts';
import { packPieces } from './pieces.ts';
import { foldSlug, slugTaken } from './slug.ts';
import type { ImportLinksInput, ImportLinksResult } from './writer.ts';

/** The most links that one request imports: others write after some 200 ms. */
export const maxImportLinks = 10_000;

/** A row that failed, and its place in the request. */
export interface FailedImport {
  readonly index: number;
  readonly failure: RowFailure;
}

/** A clock of another machine may be ahead of this one by so much, milliseconds. */
const mostAheadMs = 24 * 60 * 60 * 1000;

type Counts = Record<ImportFate, number>;

/** What a request with an `Idempotency-Key` came to, as it is remembered. */
interface Remembered {
  readonly counts: Counts;
  readonly failures: readonly FailedImport[];
  readonly fates: string;
}

/** What a request comes to. */
interface Outcome extends Remembered {
  /** Rows that failed for an earlier request with the same key. */
  readonly retried: readonly number[];
}

/**
 * The use case that imports links, all of one request in one transaction, and awaits nothing. It reads the lines itself: the
 * thread that it runs in has nobody waiting for a redirect.
 *
 * A row whose slug leads where it says is there already and no failure, so a request can be repeated without harm, by
 * whoever does not know what became of it. Rows without a slug would be made again; for these there is the
 * `Idempotency-Key`. It remembers the rows that came to something; one that failed made nothing and is tried again, since
 * what kept it from being made may be gone.
 */
export function createImportLinks(
  deps: InsertLinkDeps & {
    readonly idempotency: IdempotencyStore;
    readonly clock: Pick<Clock, 'now'>;
  },
): (input: ImportLinksInput) => ImportLinksResult {
  const { store, idempotency, clock, random, destinationPolicy } = deps;
  const insertGenerated = createInsertGenerated(deps);
  return (input) => {
    const { domainId, isAtomic, isDryRun, idempotency: key } = input;
    const now = clock.now();
    const { slugCase } = store.getDomain(domainId);
    const record = key && !isDryRun ? findRepeatedRequest(idempotency, key, now) : undefined;
    const earlier = record && (JSON.parse(record.outcomes ?? '') as Remembered);
    if (earlier?.failures.length === 0)
      return toResult({ ...earlier, retried: [] }, slugCase, true);
    const outcome = importAll(input, earlier, now, slugCase);
    if (isAtomic && outcome.failures.length > 0) throw toBulkFailure(outcome.failures);
    if (key !== undefined && !isDryRun) {
      const { counts, failures, fates } = outcome;
      const outcomes = JSON.stringify({ counts, failures, fates } satisfies Remembered);
      rememberRequest(idempotency, { ...key, linkId: 0, outcomes, createdAt: now });
    }
    return toResult(outcome, slugCase, earlier !== undefined);
  };

  /** Rows that came to something in an earlier request are left at that. */
  function importAll(
    input: ImportLinksInput,
    earlier: Remembered | undefined,
    now: number,
    slugCase: SlugCase,
  ): Outcome {
    const { domainId, isDryRun } = input;
    const target = isDryRun ? createDryTarget(store) : createRealTarget(store);
    const counts: Counts = {
      created: 0,
      replaced: 0,
      unchanged: 0,
      skipped: 0,
      ...earlier?.counts,
    };
    const failures: FailedImport[] = [];
    const retried: number[] = [];
    let fates = '';
    // Drawn once: the ids of a moment follow one another anyway.
    let id = nextLinkId(store.lastLinkId(), now, random);
    for (const [index, line] of splitLines(input.lines).entries()) {
      const before = earlier?.fates[index];
      if (before !== undefined && before !== fateLetters.failed) {
        fates += before;
        continue;
      }
      if (before !== undefined) retried.push(index);
      try {
        const row = parseImportRow(parseLine(line));
        const { slug, link } = toLink(row, domainId, id, now);
        id += 1;
        if (link.blocked && !input.mayTakeDown) throw blockedIsForAdmins();
        const fate =
          slug === undefined
            ? importGenerated(link, input, slugCase)
            : importOne(
                { ...link, slug, slugKey: foldSlug(slug, slugCase) },
                row,
                input,
                target,
                now,
              );
        counts[fate] += 1;
        fates += fateLetters[fate];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failures.push({ index, failure: toRowFailure(error) });
        fates += fateLetters.failed;
      }
    }
    return { counts, failures, fates, retried };
  }

  function toLink(row: ImportRow, domainId: number, id: number, now: number) {
    const { slug, ...fields } = judgeNewLink(row, destinationPolicy);
    const createdAt = judgeTime('/createdAt', row.createdAt, now) ?? now;
    const updatedAt = judgeTime('/updatedAt', row.updatedAt, now) ?? createdAt;
    const link: LinkWithoutSlug = {
      ...fields,
      id,
      domainId,
      blocked: row.blocked ?? false,
      version: 1,
      createdAt,
      updatedAt: Math.max(createdAt, updatedAt),
    };
    return { slug, link };
  }

  function importGenerated(
    link: LinkWithoutSlug,
    { isDryRun }: ImportLinksInput,
    slugCase: SlugCase,
  ): ImportFate {
    if (!isDryRun) insertGenerated(link, slugCase);
    return 'created';
  }

  function importOne(
    link: Link,
    row: ImportRow,
    { onConflict, mayTakeDown }: ImportLinksInput,
    target: ImportTarget,
    now: number,
  ): ImportFate {
    const there = target.insert(link);
    if (there === undefined) return 'created';
    if (onConflict !== 'replace') {
      if (there.destination === link.destination) return 'unchanged';
      if (onConflict === 'skip') return 'skipped';
      throw slugTaken(link.slug);
    }
    if (there.blocked && row.blocked === false && !mayTakeDown) throw blockedIsForAdmins();
    const changed = applyChanges(there, row, destinationPolicy);
    if (changed === there) return 'unchanged';
    const updatedAt = Math.max(now, there.updatedAt);
    target.replace({ ...changed, version: there.version + 1, updatedAt });
    return 'replaced';
  }
}

function toResult(
  { counts, failures, fates, retried }: Outcome,
  slugCase: SlugCase,
  repeated: boolean,
): ImportLinksResult {
  return {
    ...counts,
    failed: failures.length,
    failures: packPieces(failures),
    fates,
    slugCase,
    repeated,
    retried,
  };
}

function judgeTime(pointer: string, time: number | undefined, now: number): number | undefined {
  if (time === undefined) return undefined;
  if (time > now + mostAheadMs) throw invalidField(pointer, 'Lies in the future.');
  return parseTime(pointer, time) ?? undefined;
}

const lineFeed = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line as it came; bytes where it is not UTF-8. */
type Line = string | Uint8Array;

/** Lines that are not blank. All at once where all is UTF-8, since a call for each takes longer than the rest. */
function splitLines(bytes: Uint8Array): Line[] {
  const text = decode(bytes);
  if (text !== undefined) return text.split('\n').filter((line) => !isBlank(line));
  const lines: Line[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    lines.push(decode(line) ?? line);
    from += line.length + 1;
  }
  return lines.filter((line) => typeof line !== 'string' || !isBlank(line));
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function isBlank(line: string): boolean {
  return /^[ \t\r]*$/.test(line);
}

function parseLine(line: Line): unknown {
  if (typeof line !== 'string') throw malformedRow('The line is not UTF-8.');
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw malformedRow('The line is not JSON.');
  }
}

function malformedRow(detail: string): Failure {
  return new Failure('malformed', detail, { errors: [{ pointer: '', detail }] });
}

function blockedIsForAdmins(): Failure {
  const detail = 'Only the admin key takes links down, or lifts that.';
  return new Failure('forbidden', detail, { errors: [{ pointer: '/blocked', detail }] });
}

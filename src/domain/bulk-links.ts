import type { Clock } from './clock.ts';
import { Failure, type FailureKind, type FieldError } from './failure.ts';
import {
  findRepeatedRequest,
  type IdempotencyStore,
  keyOfDeletedLink,
  rememberRequest,
} from './idempotency.ts';
import type { InsertLink } from './insert-link.ts';
import type { Link, NewLink } from './link.ts';
import type { LinkWriteStore } from './link-store.ts';
import { packPieces, unpackPieces } from './pieces.ts';
import type { CreateLinksInput, CreateLinksResult } from './writer.ts';

/** The most links that one request makes. */
export const maxBulkLinks = 10_000;

/** A link to be made, and its place in the request. */
export interface BulkRow {
  readonly index: number;
  readonly link: NewLink;
}

/** Why a row was not made, as plain data. */
export interface RowFailure {
  readonly kind: FailureKind;
  readonly detail: string;
  /** At most three. */
  readonly errors: readonly FieldError[];
}

/** What became of a row. */
export type BulkOutcome =
  | { readonly index: number; readonly link: Link }
  | { readonly index: number; readonly failure: RowFailure };

/** An outcome as an `Idempotency-Key` remembers it: the place of the row, and its link's id or why there is none. */
type RememberedOutcome = readonly [index: number, made: number | RowFailure];

/** A row tells so many of its errors: ten thousand rows can have many. */
const errorsPerRow = 3;

/** What is told of a row that failed. */
export function toRowFailure({ kind, message, details }: Failure): RowFailure {
  return { kind, detail: message, errors: (details.errors ?? []).slice(0, errorsPerRow) };
}

/**
 * The failure of a request of which all rows or none are made: of the kind of its first bad row, with the errors of all
 * of them by pointers into the request.
 */
export function toBulkFailure(
  failed: readonly { readonly index: number; readonly failure: RowFailure }[],
): Failure {
  const [first] = failed;
  if (first === undefined) throw new Error('no row failed');
  const errors = failed.flatMap(({ index, failure: { detail, errors } }) =>
    errors.length === 0
      ? [{ pointer: `/links/${index}`, detail }]
      : errors.map((error) => ({ ...error, pointer: `/links/${index}${error.pointer}` })),
  );
  const detail = `No link was made, because of ${failed.length} that cannot be; the first is number ${first.index}: ${first.failure.detail}`;
  return new Failure(first.failure.kind, detail, { errors });
}

/** The use case that makes many links at once. It runs inside one transaction of the writer and awaits nothing. */
export function createBulkLinks({
  store,
  insertLink,
  idempotency,
  clock,
}: {
  readonly store: Pick<LinkWriteStore, 'findLinkById'>;
  readonly insertLink: InsertLink;
  readonly idempotency: IdempotencyStore;
  readonly clock: Pick<Clock, 'now'>;
}): (input: CreateLinksInput) => CreateLinksResult {
  return ({ domainId, rows, isAtomic, idempotency: key }) => {
    const now = clock.now();
    const record = key && findRepeatedRequest(idempotency, key, now);
    if (record !== undefined) {
      const remembered = JSON.parse(record.outcomes ?? '[]') as readonly RememberedOutcome[];
      return toResult(remembered.map(readAgain), true);
    }
    const outcomes = unpackPieces<BulkRow>(rows).map((row) => insert(domainId, row, now));
    const failed = outcomes.filter((outcome) => 'failure' in outcome);
    if (isAtomic && failed.length > 0) throw toBulkFailure(failed);
    if (key !== undefined) {
      const remembered = JSON.stringify(outcomes.map(toRemembered));
      rememberRequest(idempotency, { ...key, linkId: 0, outcomes: remembered, createdAt: now });
    }
    return toResult(outcomes, false);
  };

  /** A row that fails has changed nothing, so the others need no savepoint against it. */
  function insert(domainId: number, { index, link }: BulkRow, now: number): BulkOutcome {
    try {
      return { index, link: insertLink(domainId, link, now) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { index, failure: toRowFailure(error) };
    }
  }

  /** What an earlier request came to, with its links as they are now. */
  function readAgain([index, made]: RememberedOutcome): BulkOutcome {
    if (typeof made !== 'number') return { index, failure: made };
    const link = store.findLinkById(made);
    return link === undefined
      ? { index, failure: toRowFailure(keyOfDeletedLink()) }
      : { index, link };
  }
}

function toRemembered(outcome: BulkOutcome): RememberedOutcome {
  return [outcome.index, 'link' in outcome ? outcome.link.id : outcome.failure];
}

function toResult(outcomes: readonly BulkOutcome[], repeated: boolean): CreateLinksResult {
  const created = outcomes.filter((outcome) => 'link' in outcome).length;
  return {
    outcomes: packPieces(outcomes),
    created,
    failed: outcomes.length - created,
    repeated,
  };
}

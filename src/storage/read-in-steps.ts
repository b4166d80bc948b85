import { setImmediate as nextTick } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import type { ReaderConnection } from './reader-connection.ts';

/** What one short read found, and where the next one goes on; `undefined` at the end. */
export interface Step<Place extends object, Found> {
  readonly found: Found;
  readonly next: Place | undefined;
}

/**
 * What a step may cost, in microseconds or so: a read stops redirects on this node and replication to it while it
 * lasts.
 */
export const stepBudget = 1_500;
/** What it costs to look up a key, and to read a row that follows. */
export const seekCost = 3;
export const rowCost = 1;

/**
 * Runs a long read as many short ones, each on one state of the database, and lets others have their turn in between.
 * `read` changes nothing but what it returns, because a step that meets a lock is run again. Yields nothing without
 * a database; rejects with `unavailable` when it stays busy, or is gone in the middle.
 */
export async function* readInSteps<Place extends object, Found>(
  connection: ReaderConnection,
  first: Place,
  read: (connection: Connection, place: Place) => Step<Place, Found>,
): AsyncGenerator<Found, void, void> {
  const readStep = (place: Place) => (c: Connection) => c.inReadTransaction(() => read(c, place));
  const begun = await connection.readIfPresent(readStep(first));
  if (begun === undefined) return;
  let step = begun.value;
  yield step.found;
  while (step.next !== undefined) {
    await nextTick();
    step = await connection.readPatiently(readStep(step.next));
    yield step.found;
  }
}

/** Looks up each of `items`, in several reads when they are many. */
export async function readEach<Item, Found>(
  connection: ReaderConnection,
  items: readonly Item[],
  find: (connection: Connection, item: Item) => Found,
): Promise<Found[]> {
  const itemsPerStep = Math.floor(stepBudget / seekCost);
  const read = (c: Connection, { at }: { readonly at: number }) => {
    const end = at + itemsPerStep;
    const found = items.slice(at, end).map((item) => find(c, item));
    return { found, next: end < items.length ? { at: end } : undefined };
  };
  const all: Found[] = [];
  for await (const found of readInSteps(connection, { at: 0 }, read)) all.push(...found);
  return all;
}

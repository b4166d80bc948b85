/**
 * Works on items, `atOnce` at a time, and gives the results in the order of the items. No more is begun than is taken, so as much
 * is in memory at a time. When one fails, or no more are asked for, `signal` of the others aborts and they are waited for.
 */
export async function* mapInOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const leaving = new AbortController();
  const either = AbortSignal.any(
    signal === undefined ? [leaving.signal] : [leaving.signal, signal],
  );
  const running: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      either.throwIfAborted();
      const result = work(item, either);
      // Whoever takes it sees that it failed; until then it is not unheard of.
      result.catch(() => {});
      running.push(result);
      if (running.length >= atOnce) yield await (running.shift() as Promise<Result>);
    }
    for (let next = running.shift(); next !== undefined; next = running.shift()) yield await next;
  } finally {
    leaving.abort();
    await Promise.allSettled(running);
  }
}

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { type Progress, parsePosition } from '../../domain/position.ts';
import { openReader } from '../../storage/reader.ts';

/** The guard takes a progress for unknown after 5 s. */
const everyMs = 1000;
const answerTimeoutMs = 1000;

/**
 * Tells this machine's guard how far the links are here, at once and each second while `work` runs. The guard lets LiteFS
 * take the lease only when it knows that, and nobody else can tell before the app runs: a fleet that boots as a whole
 * would wait in vain for a primary to migrate.
 *
 * Passes on what `work` gives and throws. A guard that does not answer is none of its business.
 */
export async function tellProgressDuring<T>(config: Config, work: () => Promise<T>): Promise<T> {
  const guardUrl = config.fleet?.guardUrl;
  if (guardUrl === undefined) return work();
  const over = new AbortController();
  const telling = keepTelling(guardUrl, config.storage.linksFile, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await telling;
  }
}

async function keepTelling(guardUrl: string, file: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const progress = await readProgress(file);
    if (progress !== undefined) await tell(guardUrl, progress, over);
    await delay(everyMs, undefined, { signal: over }).catch(() => undefined);
  }
}

async function tell(guardUrl: string, progress: Progress, over: AbortSignal): Promise<void> {
  try {
    const answer = await fetch(`${guardUrl}/guard/progress`, {
      method: 'PUT',
      body: JSON.stringify(progress),
      signal: AbortSignal.any([over, AbortSignal.timeout(answerTimeoutMs)]),
    });
    await answer.body?.cancel();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
  }
}

/**
 * How far a database on LiteFS's mount is, read in the order that `createOwnHistory` explains. `undefined` without one
 * that a primary has written to, and while it is busy.
 */
async function readProgress(file: string): Promise<Progress | undefined> {
  using reader = openReader({ file, timeoutMs: 0 });
  const epoch = reader.epochs()?.newest;
  if (epoch === undefined) return undefined;
  try {
    const position = parsePosition(await readFile(`${file}-pos`, 'latin1'));
    return position && { epoch, txid: position.txid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

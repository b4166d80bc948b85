import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { allLinksId } from '../../src/domain/click.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import type { Counting } from './contestant.ts';

/** A node that counts nothing for so long while it should has stopped, milliseconds. */
const patienceMs = 30_000;
const lookEveryMs = 100;
const readTimeoutMs = 1_000;

const apiAnswer = z.object({ allTime: z.object({ total: z.number() }) });

/** Asks a Hoplite what it has counted: link by link its database, in all its API, what is under way its metrics. */
export function createHopliteCounting(places: {
  /** Origin of the public port, with `ACCESS=open`. */
  readonly origin: string;
  /** Origin of the private port of the node that recorded the clicks. */
  readonly privateOrigin: string;
  /** The copy of `clicks.db` on that node. */
  readonly clicksFile: string;
  readonly signal: AbortSignal;
}): Counting {
  const { origin, privateOrigin, clicksFile, signal } = places;
  const countAll = async () => (await readTotals(clicksFile, [allLinksId]))[0] ?? 0;
  return {
    async settle(clicks) {
      const before = await countAll();
      let counted = before;
      let progressAtMs = performance.now();
      while (performance.now() - progressAtMs < patienceMs) {
        if (counted >= clicks && (await readUnconfirmed(privateOrigin)) === 0) break;
        await delay(lookEveryMs, undefined, { signal });
        const now = await countAll();
        if (now !== counted) progressAtMs = performance.now();
        counted = now;
      }
      return clicks - before;
    },
    async countByLink(links) {
      const ids = Array.from({ length: links }, (_, n) => n + 1);
      const counts = Uint32Array.from(await readTotals(clicksFile, ids));
      const sum = counts.reduce((total, each) => total + each, 0);
      const answer = await fetch(`${origin}/api/v1/clicks`, { signal });
      const { allTime } = apiAnswer.parse(await answer.json());
      if (allTime.total !== sum) {
        throw new Error(`the API says ${allTime.total} clicks, and those of all links are ${sum}`);
      }
      return counts;
    },
  };
}

/** Clicks of people and bots together. */
async function readTotals(file: string, linkIds: readonly number[]): Promise<number[]> {
  using reader = openClickReader({ file, timeoutMs: readTimeoutMs });
  const totals = await reader.findTotals(linkIds);
  return linkIds.map((id) => {
    const { clicks, bots } = totals.get(id) ?? { clicks: 0, bots: 0 };
    return clicks + bots;
  });
}

/** How many clicks the node has recorded that its own copy of the counts does not have yet. */
async function readUnconfirmed(privateOrigin: string): Promise<number> {
  const answer = await fetch(`${privateOrigin}/metrics`);
  const value = /^hoplite_clicks_unconfirmed (\d+)$/m.exec(await answer.text())?.[1];
  if (value === undefined)
    throw new Error(`${privateOrigin}/metrics does not tell what is not counted`);
  return Number(value);
}

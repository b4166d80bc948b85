import type { Logger } from 'pino';
import { z } from 'zod';
import type { ClickReader, ClickTotals } from '../domain/click-reader.ts';
import { noClicks } from '../domain/click-report.ts';
import { Failure } from '../domain/failure.ts';

const count = z.int().min(0);

/** What an estimate of visitors is, wherever one is shown. */
export const visitorsDescription =
  'An estimate: people whom the node that answered saw at this link for the first time that day (UTC). Who comes back on another day, or by another node, counts again.';

/** How often a link was clicked since it was made. */
export const clickTotalsSchema = z
  .object({
    total: count.meta({ description: 'People and bots together.' }),
    people: count.meta({ description: 'Clicks, without those of bots.' }),
    bots: count.meta({ description: 'Clicks of bots, as far as they say so.' }),
    visitorsEstimate: count.meta({ description: visitorsDescription }),
    undated: count.meta({
      description:
        'How many of "total" are in no hour, because the clock of their node could not be believed.',
    }),
  })
  .meta({ id: 'ClickTotals' });

export function toClickTotalsJson(totals: ClickTotals): z.output<typeof clickTotalsSchema> {
  const { clicks: people, bots, visitors: visitorsEstimate, undated } = totals;
  return { total: people + bots, people, bots, visitorsEstimate, undated };
}

/** Gives the totals of a link, by its id; `null` while they cannot be told. */
export type TotalsOf = (linkId: number) => ClickTotals | null;

/**
 * Reads the totals of links that are about to be shown. Never rejects: what is wrong with the counts is no
 * reason to keep a link from somebody.
 */
export type ReadTotals = (linkIds: readonly number[]) => Promise<TotalsOf>;

export function createReadTotals(deps: {
  readonly clicks: Pick<ClickReader, 'findTotals'>;
  readonly log: Logger;
}): ReadTotals {
  return async (linkIds) => {
    try {
      const totals = await deps.clicks.findTotals(linkIds);
      return (linkId) => totals.get(linkId) ?? noClicks;
    } catch (error) {
      if (!(error instanceof Failure)) deps.log.error({ err: error }, 'totals not read');
      return () => null;
    }
  };
}

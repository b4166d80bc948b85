import { z } from 'zod';
import { type Sending, send } from './send.ts';

const linkPage = z.object({
  links: z.array(
    z.object({ slug: z.string(), clicks: z.object({ total: z.number() }).nullable() }),
  ),
  nextCursor: z.string().nullish(),
});

/** How often each link of a node or fleet was clicked, by slug, as its API tells. */
export async function readClickCounts(
  origin: string,
  sending: Sending = {},
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let cursor: string | null | undefined;
  do {
    const query = new URLSearchParams({ limit: '200', ...(cursor && { cursor }) });
    const { text } = await send(`${origin}/api/v1/links?${query}`, sending);
    const page = linkPage.parse(JSON.parse(text));
    for (const { slug, clicks } of page.links) {
      if (clicks === null) throw new Error(`the clicks of ${slug} cannot be told`);
      counts.set(slug, clicks.total);
    }
    cursor = page.nextCursor;
  } while (cursor);
  return counts;
}

/** A number from a node's metrics. Fails when there is none of that name. */
export async function readMetric(privateUrl: string, name: string): Promise<number> {
  const { text } = await send(`${privateUrl}/metrics`);
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
  if (value === undefined) throw new Error(`there is no metric ${name}`);
  return Number(value);
}

/** How many clicks of a node its own copy does not count yet. */
export function readUnconfirmed(privateUrl: string): Promise<number> {
  return readMetric(privateUrl, 'hoplite_clicks_unconfirmed');
}

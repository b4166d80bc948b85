import { z } from 'zod';
import { type LeaseView, toLeaseView } from './litefs-event.ts';

const info = z.object({
  isPrimary: z.boolean(),
  primary: z.object({ hostname: z.string() }).optional(),
});

/**
 * Asks LiteFS's `/info` who holds the lease. Rejects when `signal` aborts before the answer is there, or when
 * it is not one that LiteFS writes.
 */
export async function readLease(litefsUrl: string, signal: AbortSignal): Promise<LeaseView> {
  const answer = await fetch(`${litefsUrl}/info`, { signal });
  if (!answer.ok) throw new Error(`LiteFS answered ${answer.status} on /info`);
  const { isPrimary, primary } = info.parse(await answer.json());
  return toLeaseView(isPrimary, primary?.hostname);
}

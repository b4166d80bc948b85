import { z } from 'zod';
import { type LeaseView, toLeaseView } from './litefs-event.ts';

const info = z.object({
  isPrimary: z.boolean(),
  candidate: z.boolean(),
  primary: z.object({ hostname: z.string() }).optional(),
  clusterID: z.string().optional(),
});

/**
 * Asks LiteFS's `/info` who holds the lease. Rejects when `signal` aborts before the answer is there, or when
 * it is not one that LiteFS writes.
 */
export async function readLease(litefsUrl: string, signal: AbortSignal): Promise<LeaseView> {
  const { isPrimary, primary } = await readInfo(litefsUrl, signal);
  return toLeaseView(isPrimary, primary?.hostname);
}

/** Asks whether this LiteFS may become primary, which is a matter of its configuration. Rejects as `readLease` does. */
export async function readCandidacy(litefsUrl: string, signal: AbortSignal): Promise<boolean> {
  return (await readInfo(litefsUrl, signal)).candidate;
}

/** The id of the fleet's cluster, `undefined` before it has one, and whether this node has the lease. Rejects as `readLease` does. */
export async function readMembership(
  litefsUrl: string,
  signal: AbortSignal,
): Promise<{ readonly clusterId: string | undefined; readonly isPrimary: boolean }> {
  const { clusterID: clusterId, isPrimary } = await readInfo(litefsUrl, signal);
  return { clusterId, isPrimary };
}

async function readInfo(litefsUrl: string, signal: AbortSignal): Promise<z.output<typeof info>> {
  const answer = await fetch(`${litefsUrl}/info`, { signal });
  if (!answer.ok) throw new Error(`LiteFS answered ${answer.status} on /info`);
  return info.parse(await answer.json());
}

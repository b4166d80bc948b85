import { z } from 'zod';
import { describeSilence, sendRequest } from '../../send-request.ts';

const statusAnswer = z.object({
  node: z.string(),
  role: z.string(),
  version: z.string(),
  /** Of a guard that does not start LiteFS yet: why. */
  waitsFor: z.string().optional(),
  lagMs: z.number().nullable(),
  position: z.object({ txid: z.string(), checksum: z.string() }).nullable(),
});

/** What a node tells on its private port. */
export type NodeStatusFacts =
  | { readonly is: 'silent'; readonly why: string }
  | {
      readonly is: 'answering';
      readonly status: z.output<typeof statusAnswer>;
      /** How far its wall clock is ahead of this one's, to about half a second; `undefined` when it does not tell. */
      readonly clockOffsetMs: number | undefined;
    };

const timeoutMs = 2000;

/** Asks a node for its status. `origin` is that of its private port. */
export async function observeNodeStatus(origin: string): Promise<NodeStatusFacts> {
  const askedAt = Date.now();
  try {
    const { text, headers } = await sendRequest({
      method: 'GET',
      origin,
      path: '/status',
      timeoutMs,
    });
    const status = statusAnswer.parse(JSON.parse(text));
    const clockOffsetMs = toOffset(headers.date, askedAt, Date.now());
    return { is: 'answering', status, clockOffsetMs };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return { is: 'silent', why: 'what answers there is not a private port of Hoplite' };
    }
    return { is: 'silent', why: describeSilence(error, timeoutMs) };
  }
}

/** `Date` counts whole seconds, so its time is on average half a second ago; the answer took some of the time between. */
function toOffset(
  date: string | undefined,
  askedAt: number,
  answeredAt: number,
): number | undefined {
  const told = Date.parse(date ?? '');
  return Number.isNaN(told) ? undefined : told + 500 - (askedAt + answeredAt) / 2;
}

import type { Logger } from 'pino';
import { z } from 'zod';
import { isTxid, type Progress } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import type { PeerClient } from './peer-client.ts';

/** Where a primary's private port tells its progress, as `{ epoch, txid }`, to whoever can sign. */
export const positionPath = '/position';

/**
 * Asks a primary how far it is: its progress, read after the call began; `undefined` when there is no usable answer or
 * `signal` aborts. Never rejects.
 */
export type AskPosition = (primary: NodeId, signal: AbortSignal) => Promise<Progress | undefined>;

const progress = z.object({
  epoch: z.number().int().nonnegative(),
  txid: z.string().refine(isTxid),
});

/** Makes the question. Asking twice does no harm. */
export function createAskPosition(options: {
  readonly peers: PeerClient;
  readonly log: Logger;
}): AskPosition {
  const { peers, log } = options;
  return async (primary, signal) => {
    try {
      const answer = await peers.send(primary, { method: 'GET', path: positionPath }, signal);
      return answer?.status === 200 ? progress.parse(JSON.parse(answer.body)) : undefined;
    } catch (err) {
      // Whatever went wrong, the primary's position is not known.
      log.debug({ err, primary }, 'position of the primary not known');
      return undefined;
    }
  };
}

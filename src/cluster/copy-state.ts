import type { Logger } from 'pino';
import { z } from 'zod';
import { isTxid, type Position } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import type { PeerClient } from './peer-client.ts';

/** How far the copies of both databases on a node are; `undefined` for one that is not there. */
export interface CopyPositions {
  readonly links: Position | undefined;
  readonly clicks: Position | undefined;
}

/** What a node that may become primary says of itself. */
export interface CopyState extends CopyPositions {
  /** The primary that it follows; `undefined` when it follows none. */
  readonly follows: NodeId | undefined;
}

/** Where a node's private port tells its state to whoever can sign. */
export const copyPath = '/copy';

/**
 * Asks a node for its state, as it was after the call began; `undefined` when there is no usable answer or `signal`
 * aborts. Never rejects.
 */
export type AskCopy = (node: NodeId, signal: AbortSignal) => Promise<CopyState | undefined>;

const position = z
  .object({ txid: z.string().refine(isTxid), checksum: z.string() })
  .nullable()
  .transform((value) => value ?? undefined);
const answer = z.object({
  links: position,
  clicks: position,
  follows: z
    .string()
    .nullable()
    .transform((value) => value ?? undefined),
});

/** Makes the question. Asking twice does no harm. */
export function createAskCopy(options: {
  readonly peers: Pick<PeerClient, 'send'>;
  readonly log: Logger;
}): AskCopy {
  const { peers, log } = options;
  return async (node, signal) => {
    try {
      const said = await peers.send(node, { method: 'GET', path: copyPath }, signal);
      return said?.status === 200 ? answer.parse(JSON.parse(said.body)) : undefined;
    } catch (err) {
      // Whatever went wrong, nothing is known of that node.
      log.debug({ err, node }, 'state of a copy not known');
      return undefined;
    }
  };
}

/** Whether both databases are the same: by txid and checksum (docs/facts.md, "Txids repeat after a lossy failover"). */
export function isSameCopy(a: CopyPositions, b: CopyPositions): boolean {
  return a.links !== undefined && isSame(a.links, b.links) && isSame(a.clicks, b.clicks);
}

/**
 * Whether a copy that follows the primary is at least where the primary was. Only a guess that saves a pause in vain:
 * txids are compared alone.
 */
export function isNotBehind(copy: CopyPositions, primary: CopyPositions): boolean {
  return reaches(copy.links, primary.links) && reaches(copy.clicks, primary.clicks);
}

function reaches(own: Position | undefined, other: Position | undefined): boolean {
  return other === undefined || (own !== undefined && own.txid >= other.txid);
}

function isSame(a: Position | undefined, b: Position | undefined): boolean {
  return a?.txid === b?.txid && a?.checksum === b?.checksum;
}

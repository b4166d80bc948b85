import type { Logger } from 'pino';
import type { NodeId } from '../domain/role.ts';
import type { PeerClient } from './peer-client.ts';

/** A node and what it said of itself, as it came; `undefined` when it did not in time. */
export interface ToldReport {
  readonly node: NodeId;
  readonly told: unknown;
}

/** Asks all other known nodes for their status. Never rejects. */
export type AskReports = () => Promise<readonly ToldReport[]>;

/** Longer than this nobody is waited for. */
const answerTimeoutMs = 1_000;

/** Makes the question. Those who ask while it is under way share its answer. */
export function createAskReports(deps: {
  readonly node: NodeId;
  readonly peers: PeerClient;
  readonly knownNodes: () => Promise<readonly NodeId[]>;
  readonly log: Pick<Logger, 'debug'>;
}): AskReports {
  const { peers, knownNodes, log } = deps;
  let asking: Promise<readonly ToldReport[]> | undefined;

  async function askNode(node: NodeId): Promise<ToldReport> {
    try {
      const request = { method: 'GET', path: '/status' } as const;
      const answer = await peers.send(node, request, AbortSignal.timeout(answerTimeoutMs));
      return { node, told: answer?.status === 200 ? JSON.parse(answer.body) : undefined };
    } catch (err) {
      // Whatever went wrong, nothing is known of this node, which is what the answer says.
      log.debug({ err, node }, 'node did not tell its status');
      return { node, told: undefined };
    }
  }

  async function askAll(): Promise<readonly ToldReport[]> {
    const others = (await knownNodes()).filter((node) => node !== deps.node);
    return await Promise.all(others.map(askNode));
  }

  return () => {
    asking ??= askAll().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

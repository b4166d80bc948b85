import type { Logger } from 'pino';
import { z } from 'zod';
import type { FleetStanding, NodeStanding, ToldStanding } from '../domain/bookmark.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import type { PeerClient } from './peer-client.ts';

/** Where a private port says how its node stands to the bookmark that follows, to whoever can sign. */
export const bookmarksPath = '/bookmarks';

/**
 * Asks all known nodes how they stand to a bookmark, as text, and adds what `tellOwn` says of this one at the same time.
 * A node gets `waitMs` to reach it, and a second more to answer. `undefined` when too many ask. Never rejects.
 */
export type AskFleet = (
  bookmark: string,
  waitMs: number,
  tellOwn: () => Promise<ToldStanding>,
) => Promise<FleetStanding | undefined>;

const toldStanding = z.object({
  region: z.string().max(64),
  standing: z.enum(['reached', 'behind', 'astray', 'unknown']),
  isPrimary: z.boolean(),
});
type Told = z.output<typeof toldStanding>;

const answerTimeoutMs = 1000;

/**
 * Makes the question. It waits at the other nodes, which know best when they are there; nobody is asked twice. A change
 * of role ends it with what is known by then: a node that hands its lease over to stop has to answer before it does.
 */
export function createAskFleet(options: {
  readonly cluster: Pick<Cluster, 'node' | 'region' | 'onRole'>;
  readonly peers: PeerClient;
  readonly knownNodes: () => Promise<readonly NodeId[]>;
  readonly log: Pick<Logger, 'debug'>;
  /** How many may ask at a time; default 100. */
  readonly maxQuestions?: number;
}): AskFleet {
  const { cluster, peers, knownNodes, log, maxQuestions = 100 } = options;
  let questions = 0;

  async function askNode(
    node: NodeId,
    path: string,
    signal: AbortSignal,
  ): Promise<Told | undefined> {
    try {
      const answer = await peers.send(node, { method: 'GET', path }, signal);
      return answer?.status === 200 ? toldStanding.parse(JSON.parse(answer.body)) : undefined;
    } catch (err) {
      // Whatever went wrong, nothing is known of this node.
      log.debug({ err, node }, 'node did not say how far it is');
      return undefined;
    }
  }

  async function askAll(
    bookmark: string,
    waitMs: number,
    tellOwn: () => Promise<ToldStanding>,
  ): Promise<FleetStanding> {
    const path = `${bookmarksPath}/${bookmark}?waitMs=${waitMs}`;
    const others = (await knownNodes()).filter((node) => node !== cluster.node);
    const moved = new AbortController();
    using _ = { [Symbol.dispose]: cluster.onRole(() => moved.abort()) };
    const signal = AbortSignal.any([moved.signal, AbortSignal.timeout(waitMs + answerTimeoutMs)]);
    const [own, ...told] = await Promise.all([
      tellOwn(),
      ...others.map((node) => askNode(node, path, signal)),
    ]);
    const ours: Told = { region: cluster.region, ...own };
    const all = [
      [cluster.node, ours] as const,
      ...others.map((node, at) => [node, told[at]] as const),
    ];
    const primary = all.find(([, one]) => one?.isPrimary)?.[1];
    return {
      nodes: all.map(([node, one]) => toNodeStanding(node, one)),
      lost: primary === undefined || primary.standing === 'unknown' ? null : !hasReached(primary),
    };
  }

  return async (bookmark, waitMs, tellOwn) => {
    if (questions >= maxQuestions) return undefined;
    questions += 1;
    try {
      return await askAll(bookmark, waitMs, tellOwn);
    } finally {
      questions -= 1;
    }
  };
}

function toNodeStanding(node: NodeId, told: Told | undefined): NodeStanding {
  return { node, region: told?.region ?? null, reached: told ? hasReached(told) : null };
}

function hasReached({ standing }: ToldStanding): boolean | null {
  return standing === 'unknown' ? null : standing === 'reached';
}

/** The answer of a node that runs alone: there is nobody to ask, and the one copy has everything. */
export function createAskNobody({ node, region }: Pick<Cluster, 'node' | 'region'>): AskFleet {
  return async () => ({ nodes: [{ node, region, reached: true }], lost: false });
}

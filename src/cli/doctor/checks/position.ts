import type { Position } from '../../../domain/position.ts';
import type { Facts } from '../facts.ts';
import type { PeerFacts } from '../observe/peers.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** A lag above this is more than the second between two signs of life of an idle primary. */
const longLagMs = 10_000;

/** This node is where the primary is. */
export function checkPosition(facts: Pick<Facts, 'mount' | 'litefs' | 'peers' | 'app'>): Verdict[] {
  const { mount, litefs, peers } = facts;
  const own = mount?.reading?.is === 'readable' ? mount.reading.position : undefined;
  if (own === undefined || litefs?.is !== 'answering') return [];
  if (litefs.isPrimary) return [ok(`at ${toShort(own.txid)}, and all others follow`)];
  if (peers?.is !== 'asked' || peers.primary === undefined) return [];
  const primary = peers.nodes.find(({ node }) => node === peers.primary);
  if (primary === undefined) return [];
  if (primary.status.is === 'silent') {
    return [
      fail(
        `at ${toShort(own.txid)}; the primary ${primary.node} does not answer${primary.url === undefined ? '' : ` at ${primary.url}`}: ${primary.status.why}`,
        'see PEER_URL and the network; until then unknown slugs answer 503 and writes fail here',
      ),
    ];
  }
  const { position } = primary.status.status;
  return position === null ? [] : [compare(own, { ...primary, position }, lagOf(facts))];
}

function compare(
  own: Position,
  {
    node,
    position,
  }: Pick<PeerFacts, 'node'> & {
    readonly position: Pick<Position, 'checksum'> & { readonly txid: string };
  },
  lagMs: number | undefined,
): Verdict {
  const behind = BigInt(`0x${position.txid}`) - BigInt(`0x${own.txid}`);
  const at = `at ${toShort(own.txid)}`;
  if (behind < 0n || (behind === 0n && own.checksum !== position.checksum)) {
    return fail(
      `${at}, with transactions that the primary ${node} does not have`,
      'a failover has lost them; restart this node, and it takes the copy of the primary',
    );
  }
  const lag = lagMs === undefined ? 'for a time that is not known' : `for ${lagMs / 1000} s`;
  if (behind === 0n) return ok(`${at}, the same as the primary ${node}`);
  const detail = `${at}, ${behind} ${behind === 1n ? 'transaction' : 'transactions'} behind the primary ${node}, ${lag}`;
  return lagMs !== undefined && lagMs < longLagMs
    ? ok(detail)
    : warn(detail, `look at the network to ${node}, and at the log of LiteFS here`);
}

function lagOf({ app }: Pick<Facts, 'app'>): number | undefined {
  return app.status.is === 'answering' ? (app.status.status.lagMs ?? undefined) : undefined;
}

/** A txid without the zeros that fill it up. */
function toShort(txid: string): string {
  return `transaction ${txid.replace(/^0+(?=.)/, '')}`;
}

import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** The private ports of the other nodes can be reached. */
export function checkPeers({ peers }: Pick<Facts, 'peers'>): Verdict[] {
  if (peers === undefined) return [];
  if (peers.is === 'unparsable') {
    return [fail(peers.why, 'the app cannot start with it')];
  }
  const silent = peers.nodes.filter(({ status }) => status.is === 'silent');
  const verdicts = silent.flatMap(({ node, url, status }) =>
    status.is === 'answering'
      ? []
      : [
          warn(
            `${node} does not answer${url === undefined ? '' : ` at ${url}`}: ${status.why}`,
            'see whether it runs, and whether PEER_URL says where',
          ),
        ],
  );
  const answering = peers.nodes.length - silent.length;
  if (answering === 0) return verdicts;
  const names = peers.nodes.filter((peer) => !silent.includes(peer)).map(({ node }) => node);
  return [ok(`${names.join(', ')} ${answering === 1 ? 'answers' : 'answer'}`), ...verdicts];
}

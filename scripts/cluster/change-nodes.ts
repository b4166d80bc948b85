import type { LocalCluster } from './cluster.ts';
import type { NodeChange } from './options.ts';

/** Does what another command asks for, and says what was done. Throws `ClusterFailure`s. */
export async function changeNodes(cluster: LocalCluster, change: NodeChange): Promise<string> {
  switch (change.do) {
    case 'add': {
      const node = await cluster.add(change.id, change.region);
      return `${node.id} has caught up and redirects in ${node.plan.region}: ${node.url}`;
    }
    case 'start':
      await cluster.startNode(change.id);
      await cluster.waitUntilRouted(change.id);
      return `${change.id} is ready.`;
    case 'stop':
      await cluster.node(change.id).stop();
      return `${change.id} has ended.`;
    case 'kill':
      await cluster.node(change.id).kill();
      return `${change.id} was killed.`;
  }
}

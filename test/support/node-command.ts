import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import { readRun } from '../../scripts/cluster/folder.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { runHere } from './run-command-line.ts';
import type { CommandResult } from './run-hoplite.ts';

/** Runs `hoplite` in this process as on the machine of a node. */
export function runAt(
  cluster: LocalCluster,
  node: NodeProcess,
  args: readonly string[],
): Promise<CommandResult> {
  const { hostname, port } = new URL(node.privateUrl);
  return runHere(args, {
    NODE_ID: node.id,
    LITEFS_DIR: node.dir,
    PEER_URL: 'http://{node}.test:8081',
    FLEET_SECRET: readRun(cluster.dir)?.fleetSecret ?? '',
    PRIVATE_HOST: hostname,
    PRIVATE_PORT: port,
  });
}

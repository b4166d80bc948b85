import { join } from 'node:path';
import { type ClusterOptions, LocalCluster } from '../../scripts/cluster/cluster.ts';
import { readRun } from '../../scripts/cluster/folder.ts';
import type { NodeVariant } from '../../scripts/cluster/node-process.ts';
import { isRunning } from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';

/**
 * Starts the fleet that `npm run cluster` starts, in a folder for tests: what a killed test run left behind there is
 * ended first, and the logs stay until the next run.
 */
export function startTestCluster(options: Omit<ClusterOptions, 'dir'> = {}): Promise<LocalCluster> {
  const { variant = (): NodeVariant => ({}) } = options;
  return LocalCluster.start({
    ...options,
    dir: findFolder(),
    variant: (node) => {
      const own = variant(node);
      return {
        ...own,
        // Tests write more in a minute than people do, and do not wait for an edge that has ended before the nodes.
        env: (given) => ({
          WRITES_PER_MINUTE: '1000000',
          HEALTH_NOTICE: '0',
          ...own.env?.(given),
        }),
      };
    },
  });
}

/** The first folder of this worker in which no cluster runs: somebody else may run the same tests. */
function findFolder(): string {
  const { VITEST_POOL_ID: worker = '0' } = process.env;
  for (let number = 1; ; number++) {
    const dir = join(projectDir, `data/test-cluster-${worker}-${number}`);
    const command = readRun(dir)?.command;
    if (command === undefined || !isRunning(command)) return dir;
  }
}

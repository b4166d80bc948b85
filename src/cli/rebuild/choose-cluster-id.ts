import { createHash } from 'node:crypto';
import type { BootstrapFacts } from '../../guard/bootstrap/facts.ts';

/**
 * The id under which a fleet is rebuilt: the one that was asked for, else that of Consul, of the volume or of the backup. Where
 * nobody has one it is made from the place in Consul and what is restored, so that two candidates of a fleet that restore the
 * same at once make one cluster.
 */
export function chooseClusterId(
  { volume, consul }: Pick<BootstrapFacts, 'volume' | 'consul'>,
  {
    asked,
    ofBackup,
    seed,
  }: {
    readonly asked: string | undefined;
    readonly ofBackup: string | undefined;
    readonly seed: string;
  },
): string {
  const named = consul.is === 'answering' ? consul.clusterId : undefined;
  const place = consul.is === 'answering' ? consul.key : '';
  return asked ?? named ?? volume.clusterId ?? ofBackup ?? makeClusterId(`${place}\n${seed}`);
}

/** In the form that LiteFS gives it (`litefs.go`, `GenerateClusterID`). */
function makeClusterId(seed: string): string {
  return `LFSC${createHash('sha256').update(seed).digest('hex').slice(0, 16).toUpperCase()}`;
}

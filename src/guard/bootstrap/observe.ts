import { listPeers } from '../../cluster/peers.ts';
import type { BootstrapFacts, SnapshotFacts } from './facts.ts';
import { observeConsul } from './observe-consul.ts';
import { observePeers } from './observe-peers.ts';
import { hasLinks, observeVolume } from './observe-volume.ts';
import { findData } from './peer-words.ts';
import type { BootstrapSettings } from './settings.ts';

/**
 * Looks at Consul, the peers and the volume, all at the moment of the call, and has the backups looked for only where nobody
 * has links.
 */
export async function observeBootstrap(
  settings: BootstrapSettings,
  {
    joined,
    waitedMs,
    findSnapshot,
  }: Pick<BootstrapFacts, 'joined' | 'waitedMs'> & { readonly findSnapshot: () => SnapshotFacts },
): Promise<BootstrapFacts> {
  const consul = await observeConsul(settings.consul, settings.node);
  const { facts } = consul;
  // For a full volume they matter only where Consul has lost the id; nothing should delay redirects.
  const mattersNot =
    hasLinks(settings.volumeDir) && (facts.is === 'unreachable' || facts.clusterId !== undefined);
  const peers = mattersNot ? [] : await observePeers(settings, consul.candidates);
  // Last, so that it is no older than what the others say.
  const volume = observeVolume(settings.volumeDir, settings.restoreDir);
  const isLost =
    !joined &&
    !hasLinks(settings.volumeDir) &&
    facts.is === 'answering' &&
    (findData(peers)?.node ?? facts.holder) === undefined;
  return {
    volume,
    consul: facts,
    peers,
    knowsAllPeers: settings.peerUrl !== undefined && listPeers(settings.peerUrl).length > 0,
    snapshot: isLost ? findSnapshot() : { is: 'none' },
    rebuild: settings.rebuild,
    candidate: settings.candidate,
    joined,
    waitedMs,
  };
}

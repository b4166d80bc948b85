import type { BootstrapFacts } from './facts.ts';
import { observeConsul } from './observe-consul.ts';
import { observePeers } from './observe-peers.ts';
import { hasLinks, observeVolume } from './observe-volume.ts';
import { findInFolder } from './restore-folder.ts';
import type { BootstrapSettings } from './settings.ts';

/** Looks at Consul, the peers, the backup and the volume, all at the moment of the call. */
export async function observeBootstrap(
  settings: BootstrapSettings,
  { joined, waitedMs }: Pick<BootstrapFacts, 'joined' | 'waitedMs'>,
): Promise<BootstrapFacts> {
  const consul = await observeConsul(settings.consul, settings.node);
  const { facts } = consul;
  // For a full volume they matter only where Consul has lost the id; nothing should delay redirects.
  const mattersNot =
    hasLinks(settings.volumeDir) && (facts.is === 'unreachable' || facts.clusterId !== undefined);
  const peers = mattersNot ? [] : await observePeers(settings, consul.candidates);
  return {
    // Last, so that it is no older than what the others say.
    volume: observeVolume(settings.volumeDir, settings.restoreDir),
    consul: facts,
    peers,
    snapshot: findInFolder(settings.restoreFrom),
    rebuild: settings.rebuild,
    candidate: settings.candidate,
    joined,
    waitedMs,
  };
}

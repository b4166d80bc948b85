import type { BootstrapFacts, SnapshotFacts } from './facts.ts';
import { observeConsul } from './observe-consul.ts';
import { observePeers } from './observe-peers.ts';
import { observeVolume } from './observe-volume.ts';
import type { BootstrapSettings } from './settings.ts';

/** Finds the newest backup. Never rejects: one that cannot be had is `unreadable`. */
export type FindSnapshot = () => Promise<SnapshotFacts>;

/** Looks at the volume, Consul, the peers and the backup, all at the moment of the call. */
export async function observeBootstrap(
  settings: BootstrapSettings,
  { findSnapshot, waitedMs }: { readonly findSnapshot: FindSnapshot; readonly waitedMs: number },
): Promise<BootstrapFacts> {
  const consul = await observeConsul(settings.consul, settings.node);
  const peers = await observePeers(settings, consul.candidates);
  return {
    // Last, so that it is no older than what the others say.
    volume: observeVolume(settings.volumeDir, settings.restoreDir),
    consul: consul.facts,
    peers,
    snapshot: await findSnapshot(),
    rebuild: settings.rebuild,
    candidate: settings.candidate,
    waitedMs,
  };
}

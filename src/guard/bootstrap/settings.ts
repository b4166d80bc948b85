import { parsePeers } from '../../cluster/peers.ts';
import type { NodeId } from '../../domain/role.ts';
import { parseConsulUrl, realKey } from '../consul-target.ts';

const { hostname } = process.getBuiltinModule('node:os');
const { join } = process.getBuiltinModule('node:path');

/** Variables of which each may be unset, and that nothing else reads. */
export const bootstrapVariables = ['REBUILD', 'RESTORE_DIR'] as const;

/** Where a node looks before it starts LiteFS. */
export interface BootstrapSettings {
  readonly node: NodeId;
  readonly candidate: boolean;
  readonly rebuild: 'auto' | undefined;
  /** LiteFS's data folder. */
  readonly volumeDir: string;
  /** Where `hoplite rebuild` puts what is to be imported. */
  readonly restoreDir: string;
  /** `RESTORE_DIR`: the folder with a backup; `undefined` without. */
  readonly restoreFrom: string | undefined;
  readonly consul: ConsulPlace;
  /** `PEER_URL`; `undefined` without. */
  readonly peerUrl: string | undefined;
  /** The app on Fly, whose nodes its DNS lists. */
  readonly flyApp: string | undefined;
  readonly privateHost: string;
  readonly privatePort: number;
}

/** The Consul of the fleet, and the lease in it. */
export interface ConsulPlace {
  readonly origin: string;
  /** Never logged. */
  readonly token: string | undefined;
  /** With the prefix that the path of the URL is. */
  readonly key: string;
}

/** The folder beside the node's own files in which `hoplite rebuild` puts what is to be imported. */
export function restoreDirOf(dataDir: string): string {
  return join(dataDir, 'restore');
}

/**
 * Reads the settings from an environment, with the defaults of `scripts/entrypoint.sh`, so that a shell on a machine
 * of Fly finds what the guard found. An empty variable counts as unset. Throws an `Error` with a sentence.
 */
export function readBootstrapSettings(
  env: Readonly<Record<string, string | undefined>>,
): BootstrapSettings {
  const value = (name: string) => env[name] || undefined;
  const volumeDir = value('LITEFS_DATA_DIR');
  if (volumeDir === undefined) {
    throw new Error(
      "LITEFS_DATA_DIR is not set: the folder where this node's LiteFS keeps its data",
    );
  }
  const rebuild = value('REBUILD');
  if (rebuild !== undefined && rebuild !== 'auto') {
    throw new Error('REBUILD: must be auto, or unset');
  }
  const peerUrl = value('PEER_URL');
  if (peerUrl !== undefined) parsePeers(peerUrl);
  const privatePort = value('PRIVATE_PORT') ?? '8081';
  if (!/^\d{1,5}$/.test(privatePort)) throw new Error('PRIVATE_PORT: must be a port');
  const flyApp = value('FLY_APP_NAME');
  return {
    node: value('NODE_ID') ?? value('FLY_MACHINE_ID') ?? hostname(),
    candidate:
      value('LITEFS_CANDIDATE') === undefined
        ? value('FLY_REGION') !== undefined && value('FLY_REGION') === value('PRIMARY_REGION')
        : value('LITEFS_CANDIDATE') === 'true',
    rebuild,
    volumeDir,
    restoreDir: restoreDirOf(value('DATA_DIR') ?? './data'),
    restoreFrom: value('RESTORE_DIR'),
    consul: parseConsulPlace(
      value('CONSUL_URL') ?? value('FLY_CONSUL_URL'),
      value('CONSUL_KEY') ?? `hoplite/${flyApp ?? 'fleet'}/1`,
    ),
    peerUrl,
    flyApp,
    privateHost: value('PRIVATE_HOST') ?? '127.0.0.1',
    privatePort: Number(privatePort),
  };
}

function parseConsulPlace(text: string | undefined, key: string): ConsulPlace {
  const target = parseConsulUrl(text ?? '');
  if (target === undefined) {
    throw new Error('CONSUL_URL: must be http://HOST:8500, or https://:TOKEN@HOST/PREFIX');
  }
  return { origin: target.origin, token: target.token, key: realKey(target, key) };
}

import { join } from 'node:path';
import { nodePorts } from './network.ts';
import { projectDir, searchPath } from './programs.ts';
import type { PlannedNode } from './topology.ts';

/** Variables by name, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a node keeps its things, inside its folder. On Fly the volume holds both but the mount. */
export function nodeFolders(dir: string): { mount: string; volume: string; data: string } {
  return { mount: join(dir, 'mount'), volume: join(dir, 'volume'), data: join(dir, 'data') };
}

/** What a node gets that runs without a guard: LiteFS asks the real Consul, and the app knows no guard. */
export function withoutGuard(given: Environment): Environment {
  return { ...given, LITEFS_CONSUL_URL: given.CONSUL_URL, GUARD_URL: undefined };
}

/** What all nodes of a run share. */
export interface FleetSettings {
  /** Origin of the edge in the primary region: what short URLs are built from. */
  readonly baseUrl: string;
  readonly consulUrl: string;
  readonly fleetSecret: string;
  readonly adminKey: string;
  readonly replay: 'fly' | 'forward';
}

/**
 * The environment of a node: that of this process, so that other variables of Hoplite can be set from the shell, with
 * what the fleet decides over it. The first group is read by litefs.yml and the guard, the second by the guard
 * (src/guard/config.ts), the third by the app (src/config.ts).
 */
export function nodeEnvironment(options: {
  readonly node: PlannedNode;
  readonly dir: string;
  readonly address: string;
  /** Nodes whose private ports this one can ask, by id. */
  readonly peers: ReadonlyMap<string, string>;
  readonly fleet: FleetSettings;
}): Environment {
  const { node, address, fleet } = options;
  const folders = nodeFolders(options.dir);
  const liteFsUrl = `http://${address}:${nodePorts.liteFs}`;
  return {
    ...process.env,
    PATH: searchPath(),
    NODE_ENV: 'production',
    // As in the image: a process that finds compiled code starts sooner and loads no TypeScript compiler.
    NODE_COMPILE_CACHE: join(projectDir, 'node_modules/.cache/node'),

    NODE_ID: node.id,
    LITEFS_DIR: folders.mount,
    LITEFS_DATA_DIR: folders.volume,
    LITEFS_HTTP_ADDR: `${address}:${nodePorts.liteFs}`,
    LITEFS_ADVERTISE_URL: liteFsUrl,
    LITEFS_CANDIDATE: String(node.candidate),
    CONSUL_URL: fleet.consulUrl,
    CONSUL_KEY: 'hoplite/cluster/1',
    RUN_AS: '',

    GUARD_ADDR: `${address}:${nodePorts.guard}`,
    GUARD_RELAY_ADDR: `${address}:${nodePorts.relay}`,
    GUARD_URL: `http://${address}:${nodePorts.guard}`,

    HOST: address,
    PORT: String(nodePorts.public),
    PRIVATE_HOST: address,
    PRIVATE_PORT: String(nodePorts.private),
    BASE_URL: fleet.baseUrl,
    DATA_DIR: folders.data,
    LITEFS_URL: liteFsUrl,
    REGION: node.region,
    PEER_URL: [...options.peers].map(([id, url]) => `${id}=${url}`).join(','),
    FLEET_SECRET: fleet.fleetSecret,
    ADMIN_KEY: fleet.adminKey,
    REPLAY: fleet.replay,
    TRUST_PROXY: 'fly',
  };
}

import { checks } from '../../src/cli/doctor/checks.ts';
import type { Facts } from '../../src/cli/doctor/facts.ts';
import type { NodeStatusFacts } from '../../src/cli/doctor/observe/node-status.ts';
import type { PeerFacts } from '../../src/cli/doctor/observe/peers.ts';
import { readConfig } from '../../src/config.ts';
import { positionAt } from './fake-mount.ts';

const fleetEnv = {
  NODE_ID: 'iad1',
  REGION: 'iad',
  BASE_URL: 'https://go.example.com',
  LITEFS_DIR: '/litefs',
  FLEET_SECRET: 'a secret of the fleet that is long enough',
  PEER_URL: 'ams1=http://10.0.0.1:8081,iad1=http://10.0.0.2:8081',
};

/** A node that answers, as a replica at transaction 42 unless something else is said. */
export function status(
  node: string,
  given: object = {},
): Extract<NodeStatusFacts, { is: 'answering' }> {
  return {
    is: 'answering',
    status: {
      node,
      role: 'replica',
      version: '0.1.0',
      lagMs: 40,
      position: positionAt(42),
      ...given,
    },
    clockOffsetMs: 100,
  };
}

/** The primary, as its replica sees it. */
export const primary: PeerFacts = {
  node: 'ams1',
  url: 'http://10.0.0.1:8081',
  status: status('ams1', { role: 'primary' }),
};
/** A migration that everybody has. */
export const applied = {
  file: '0001_links.sql',
  state: 'applied',
  appliedAt: 1,
  node: 'ams1',
} as const;

/** A replica of ams1 with which everything is fine. */
export const replica = {
  config: readConfig(fleetEnv),
  env: { CONSUL_URL: 'http://10.0.0.9:8500', LITEFS_HTTP_ADDR: '10.0.0.2:20202' },
  dataDir: { path: '/data', exists: true, problem: undefined },
  disks: [{ path: '/data', freeBytes: 8e9, totalBytes: 1e10 }],
  mount: {
    folder: '/litefs',
    entry: { point: '/litefs', type: 'fuse' },
    reading: { is: 'readable', position: positionAt(42) },
  },
  litefs: {
    is: 'answering',
    url: 'http://127.0.0.1:20202',
    isPrimary: false,
    isCandidate: false,
    hostname: 'ams1',
    dataDir: '/data/litefs',
  },
  consul: { is: 'answering', origin: 'http://10.0.0.9:8500', status: 200, hasLeader: true },
  peers: { is: 'asked', primary: 'ams1', nodes: [primary] },
  app: {
    url: 'http://127.0.0.1:8080',
    privateUrl: 'http://127.0.0.1:8081',
    health: { is: 'answering', status: 200, detail: '' },
    readiness: { is: 'answering', status: 200, detail: '' },
    status: status('iad1'),
  },
  schema: { is: 'read', migrations: [applied], drift: [] },
  clickSchema: { is: 'read', migrations: [{ ...applied, file: '0001_clicks.sql' }], drift: [] },
  keys: 2,
  bucket: { is: 'answering', name: 's3://backups/hoplite', clockOffsetMs: -300 },
  addresses: ['127.0.0.1', '10.0.0.2', '::1'],
} as const satisfies Facts;

/** The same machine as primary. */
export const asPrimary: Facts = {
  ...replica,
  litefs: { ...replica.litefs, isPrimary: true, isCandidate: true, hostname: 'iad1' },
  peers: { is: 'asked', primary: undefined, nodes: [primary] },
};

/** A node alone with which everything is fine. */
export const alone: Facts = {
  ...replica,
  config: readConfig({ NODE_ID: 'iad1' }),
  env: {},
  mount: undefined,
  litefs: undefined,
  consul: undefined,
  peers: undefined,
  bucket: undefined,
};

/** The facts with further variables. */
export const withConfig = (env: Record<string, string>, facts: Facts = alone): Facts => ({
  ...facts,
  config: readConfig({
    NODE_ID: 'iad1',
    BASE_URL: 'https://go.example.com',
    ...(facts.litefs && fleetEnv),
    ...env,
  }),
});
/** The replica, with these nodes around it. */
export const withPeers = (...nodes: PeerFacts[]): Facts => ({
  ...replica,
  peers: { is: 'asked', primary: 'ams1', nodes },
});
/** The replica, with its own lag and a primary that says this. */
export const withPrimaryAt = (position: PeerFacts['status'], lagMs: number | null = 40): Facts => ({
  ...withPeers({ ...primary, status: position }),
  app: { ...replica.app, status: status('iad1', { lagMs }) },
});

/** What a check says, a line each: `level detail; remedy`. */
export function judge(check: string, facts: Facts): string[] {
  return (checks[check]?.(facts) ?? ['no such check']).map((verdict) =>
    typeof verdict === 'string'
      ? verdict
      : `${verdict.level} ${verdict.detail}${verdict.remedy === undefined ? '' : `; ${verdict.remedy}`}`,
  );
}

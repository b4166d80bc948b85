import { startExpress } from './express.ts';
import { startFleetPrimary, startFleetReplica } from './fleet.ts';
import { startHoplite } from './hoplite.ts';
import { startNginxMap, startNginxReturn, startNginxReturnLogged } from './nginx.ts';
import { startRaw } from './raw.ts';
import type { Load, Variant } from './variant.ts';

const usual = {
  baseline: 'raw-http',
  links: 1,
  popularity: 'uniform',
  headers: 'none',
  load: { is: 'closed' },
  fill: 0,
  isLong: false,
  needs: 'nothing',
  wanted: {},
} as const satisfies Partial<Variant>;

/** Everything that can be measured, in the order of the tables. */
export const variants: readonly Variant[] = [
  { ...usual, name: 'raw-http', start: startRaw },
  { ...usual, name: 'nginx-return', needs: 'nginx', start: startNginxReturn },
  { ...usual, name: 'nginx-return-logged', needs: 'nginx', start: startNginxReturnLogged },
  { ...usual, name: 'nginx-map', needs: 'nginx', start: startNginxMap, links: 100_000 },
  hot('hoplite-hot', 100_000),
  {
    ...hot('hoplite-litefs', 100_000),
    baseline: 'hoplite-hot',
    start: startFleetPrimary(100_000),
    wanted: { ratio: 0.97 },
    needs: 'litefs',
    isLong: true,
  },
  { ...hot('hoplite-hot-1k', 1_000), isLong: true },
  { ...hot('hoplite-hot-10m', 10_000_000), isLong: true },
  {
    ...uniform('hoplite-zipf-100k', 100_000),
    popularity: 'zipf',
    wanted: { ratio: 0.95 },
  },
  { ...uniform('hoplite-uniform-1k', 1_000), isLong: true },
  { ...uniform('hoplite-uniform-10k', 10_000), isLong: true },
  { ...uniform('hoplite-uniform-100k', 100_000), wanted: { ratio: 0.8 } },
  { ...uniform('hoplite-uniform-1m', 1_000_000), wanted: { ratio: 0.6, rssMb: 150 } },
  {
    ...uniform('hoplite-uniform-1m-128mib', 1_000_000),
    start: startHoplite({ links: 1_000_000, env: { CACHE_MAX_BYTES: '134217728' } }),
    isLong: true,
  },
  { ...uniform('hoplite-uniform-10m', 10_000_000), isLong: true },
  {
    ...hot('hoplite-sync-tick', 100_000),
    start: startHoplite({ links: 100_000, env: { CLICK_SYNC: 'tick' } }),
    wanted: { ratio: 0.6 },
  },
  { ...usual, name: 'express-update', start: startExpress },

  {
    ...usual,
    name: 'raw-http-headers',
    start: startRaw,
    headers: 'browser',
    baseline: 'raw-http-headers',
  },
  {
    ...hot('hoplite-headers', 100_000),
    start: startHoplite({ links: 100_000, env: { TRUST_PROXY: '1' } }),
    baseline: 'raw-http-headers',
    headers: 'browser',
  },

  { ...usual, name: 'raw-http-open', start: startRaw, load: open(), baseline: 'raw-http-open' },
  openLoop('hoplite-open-idle', open()),
  openLoop('hoplite-open-import', open({ creators: 8 })),
  openLoop('hoplite-open-merge', open({ clicksBefore: 150_000 }), 100_000),
  {
    ...openLoop('hoplite-open-drain', open({ clicksBefore: 1_000_000 }), 100_000),
    isLong: true,
  },
  {
    ...openLoop('hoplite-open-replication', open({ creators: 2 })),
    start: startFleetReplica(10_000),
    needs: 'litefs',
    isLong: true,
  },

  creates('creates-1', 1),
  { ...creates('creates-32', 32), wanted: { ratio: 10 } },
];

/** Links created on a real LiteFS, with everything on both cores: the app, LiteFS and whoever asks. */
function creates(name: string, clients: number): Variant {
  return {
    ...usual,
    name,
    start: startFleetPrimary(10_000, 'any'),
    baseline: 'creates-1',
    load: { is: 'create', clients },
    needs: 'litefs',
    isLong: true,
  };
}

function hot(name: string, links: number): Variant {
  return { ...usual, name, start: startHoplite({ links }), wanted: { ratio: 1 } };
}

function uniform(name: string, links: number): Variant {
  return {
    ...usual,
    name,
    start: startHoplite({ links }),
    links,
    fill: links,
  };
}

/** All links asked for are in memory; how many clicks' rows a merge writes depends on how many they are. */
function openLoop(name: string, load: Load, links = 10_000): Variant {
  return {
    ...uniform(name, links),
    baseline: 'raw-http-open',
    load,
    wanted: { p99Ratio: 2 },
  };
}

function open(beside: { creators?: number; clicksBefore?: number } = {}): Load {
  return { is: 'open', perSecond: 2_000, creators: 0, clicksBefore: 0, ...beside };
}

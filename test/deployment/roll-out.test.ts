import { beforeEach, describe, expect, test } from 'vitest';
import { DeployFailure } from '../../scripts/deploy/deploy-failure.ts';
import { asApp } from '../../scripts/fly/as-app.ts';
import { fleetStatus } from '../support/fake-fly/fake-hoplite.ts';
import { former, image, next, RolloutBench, tail } from '../support/rollout-bench.ts';

let bench: RolloutBench;
beforeEach(() => {
  bench = new RolloutBench();
});

test('a backup comes first, then the primary region, then the others, then a link through every machine', async () => {
  expect(await bench.run()).toBe('done');
  expect(bench.fake.changes()).toEqual([
    `deploy --app shop --config fly.toml --image ${image} --regions ams ${tail}`,
    `deploy --app shop --config fly.toml --image ${image} --exclude-regions ams ${tail}`,
  ]);
  const backup = bench.fake.calls.findIndex((call) => call.includes('hoplite backup now'));
  const first = bench.fake.calls.findIndex((call) => call.startsWith('deploy '));
  expect(backup).toBeGreaterThan(0);
  expect(backup).toBeLessThan(first);
  // On a machine that neither writes nor may come to.
  expect(bench.fake.calls[backup]).toContain('--machine iad2');
  expect(new Set(bench.digests())).toEqual(new Set([next]));
  expect(bench.smoked).toEqual(['ams0', 'ams1', 'iad2', 'syd3']);
});

test('a fleet of one region needs one step', async () => {
  bench.fake.state.machines = bench.fake.state.machines.filter(({ region }) => region === 'ams');
  expect(await bench.run()).toBe('done');
  expect(bench.deploys()).toHaveLength(1);
});

test('the fleet may take its time: the verdict is that of the last look', async () => {
  let looks = 0;
  bench.fake.interfere = ({ flags }) => {
    if (flags.command !== asApp('status --json') || bench.deploys().length === 0) return undefined;
    // No answer, then an election, then all is well.
    if (++looks === 1) return { exitCode: 1, stderr: 'Error: connect: connection refused' };
    if (looks > 4) return undefined;
    const { nodes } = fleetStatus(bench.fake.state);
    return {
      stdout: JSON.stringify({
        nodes: nodes.map((node) => ({ ...node, status: { ...node.status, role: 'detached' } })),
      }),
    };
  };
  expect(await bench.run()).toBe('done');
  expect(bench.nowMs).toBeGreaterThan(0);
});

describe('refuses, and changes nothing, when', () => {
  test.for<[name: string, prepare: () => void, says: RegExp]>([
    [
      'there is no machine in the primary region',
      () => {
        bench.fake.state.machines = bench.fake.state.machines.slice(2);
      },
      /no machine in its primary region, ams.*fly-setup/,
    ],
    [
      'a machine is stopped',
      () => {
        bench.stop('iad2');
      },
      /iad2 in iad is stopped/,
    ],
    [
      'nobody is the primary',
      () => {
        bench.fake.state.primaryRegionOfFolder = 'nrt';
      },
      /No node is the primary/,
    ],
    [
      'the primary is somewhere else',
      () => {
        bench.fake.state.primaryRegionOfFolder = 'syd';
      },
      /The primary is syd3 in syd, not in ams/,
    ],
    [
      'backups are not set up',
      () => {
        bench.fake.state.secrets = {};
      },
      /no BACKUP_URL.*--backup no/,
    ],
    [
      'the backup fails',
      () => {
        failOn(asApp('backup now'), 'the bucket is full');
      },
      /the bucket is full/,
    ],
    [
      'nobody is logged in',
      () => {
        bench.fake.state.user = null;
      },
      /Nobody is logged in at Fly/,
    ],
    [
      'fly prints what is not known',
      () => {
        bench.fake.interfere = ({ command }) =>
          command === 'machine list' ? { stdout: '[{"ID":1}]' } : undefined;
      },
      /Another version of fly/,
    ],
  ])('%s', async ([, prepare, says]) => {
    prepare();
    expect(await bench.run()).toBe('refused');
    expect(bench.said()).toMatch(says);
    expect(bench.printed.at(-1)).toBe('Nothing was changed.');
    expect(bench.deploys()).toEqual([]);
  });

  test('the image cannot be built', async () => {
    const image = () => Promise.reject(new DeployFailure('docker buildx build ended with 1.'));
    expect(await bench.run({ image })).toBe('refused');
    expect(bench.said()).toContain('docker buildx build ended with 1.');
    expect(bench.deploys()).toEqual([]);
  });
});

test('without backups it deploys when it is told to', async () => {
  bench.fake.state.secrets = {};
  expect(await bench.run({ backup: false })).toBe('done');
  expect(bench.fake.calls.join('\n')).not.toContain('backup');
});

test('backups may be set up in fly.toml as well', async () => {
  bench.fake.state.secrets = {};
  bench.fake.state.deployedConfig = 'app = "shop"\n\n[env]\n  BACKUP_URL = "s3://shop/backups"\n';
  expect(await bench.run()).toBe('done');
});

test('a bucket of "fly storage create" and a key are backups, too; the bucket alone is none', async () => {
  bench.fake.state.secrets = { BUCKET_NAME: 'summer-grass-2004' };
  expect(await bench.run()).toBe('refused');
  bench.fake.state.secrets = { BUCKET_NAME: 'summer-grass-2004', BACKUP_KEY: 'k'.repeat(32) };
  expect(await bench.run()).toBe('done');
});

test('a fleet that is not well is deployed to when somebody says so: the release may cure it', async () => {
  bench.stop('syd3');
  const start = bench.fake.interfere;
  bench.fake.interfere = (call) => {
    if (call.command === 'deploy')
      for (const machine of bench.fake.state.machines) machine.state = 'started';
    return start(call);
  };
  expect(await bench.run()).toBe('refused');
  expect(bench.said()).toContain('syd3 in syd is stopped.\n--anyway deploys to such a fleet, too.');
  expect(await bench.run({ anyway: true })).toBe('done');
  expect(bench.said()).toContain('syd3 in syd is stopped.\nIt is deployed to anyway.');
});

describe('interrupted', () => {
  test('before the first step, nothing was changed', async () => {
    bench.fake.interfere = ({ flags }) => {
      if (flags.command === asApp('backup now')) bench.interruption.abort();
      return undefined;
    };
    expect(await bench.run()).toBe('interrupted');
    expect(bench.printed.at(-1)).toBe('Nothing was changed.');
    expect(bench.deploys()).toEqual([]);
  });

  test('in the middle of a step, it stops there and says how to go on and how to go back', async () => {
    bench.fake.interfere = ({ command }) => {
      if (command === 'deploy') bench.interruption.abort();
      return command === 'deploy' ? { exitCode: 130 } : undefined;
    };
    expect(await bench.run()).toBe('interrupted');
    expect(bench.deploys()).toHaveLength(1);
    expect(bench.printed.at(-1)).toContain(`npm run deploy -- --app shop --image ${image}\n`);
    expect(bench.printed.at(-1)).toContain(`--image registry.fly.io/shop@${former} --backup no`);
  });

  test('a second run goes on with machines that have the release already', async () => {
    for (const machine of bench.fake.state.machines.slice(0, 2)) machine.digest = next;
    expect(await bench.run()).toBe('done');
    expect(new Set(bench.digests())).toEqual(new Set([next]));
  });
});

function failOn(command: string, stderr: string): void {
  bench.fake.interfere = ({ flags }) =>
    flags.command === command ? { exitCode: 1, stderr } : undefined;
}

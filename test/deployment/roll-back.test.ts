import { beforeEach, describe, expect, test } from 'vitest';
import { asApp } from '../../scripts/fly/as-app.ts';
import { digestOf } from '../support/fake-fly/fake-fly-state.ts';
import { fleetStatus } from '../support/fake-fly/fake-hoplite.ts';
import { former, image, next, RolloutBench, tail } from '../support/rollout-bench.ts';

let bench: RolloutBench;
beforeEach(() => {
  bench = new RolloutBench();
});

describe('rolls back to the image and configuration that each machine had when', () => {
  /** Names the machines one by one: none that was not in the fleet before is touched. */
  const back = (ids: string, digest = former) =>
    `deploy --app shop --config /tmp/former.toml --image registry.fly.io/shop@${digest} --only-machines ${ids} ${tail}`;

  test.for<[name: string, prepare: () => void, says: RegExp, steps: number]>([
    [
      'the schema is not there',
      () => {
        bench.fake.state.schemaOfImage[next] = 2;
      },
      /ams0 in ams has the schema 2, not 3/,
      1,
    ],
    [
      'the role is wrong',
      () => {
        onRelease(() => {
          bench.fake.state.primaryRegionOfFolder = 'syd';
        });
      },
      /The primary is syd3 in syd, not in ams/,
      1,
    ],
    [
      'the primary takes no writes',
      () => {
        onRelease(() => {
          takesNoWrites = true;
        });
      },
      /ams0 is the primary and takes no writes/,
      1,
    ],
    [
      'two say that they are primary',
      () => {
        onRelease(() => {
          twoPrimaries = true;
        });
      },
      /ams0 and syd3 each say/,
      1,
    ],
    [
      'Fly runs another image',
      () => {
        bench.fake.interfere = ({ command }) => {
          const [first] = bench.fake.state.machines;
          if (command === 'machine list' && bench.deploys().length === 1 && first !== undefined) {
            first.digest = digestOf('another');
          }
          return undefined;
        };
      },
      /ams0 in ams runs sha256:/,
      1,
    ],
    [
      'fly fails',
      () => {
        bench.fake.interfere = ({ flags, command }) =>
          command === 'deploy' && flags.image === image ? { exitCode: 1, stderr: '' } : undefined;
      },
      /ended with 1/,
      1,
    ],
    [
      'the smoke test fails',
      () => {
        bench.smokeFaults = ['syd3 in syd answered 404  for a new link.'];
      },
      /syd3 in syd answered 404/,
      2,
    ],
  ])('%s', async ([, prepare, says, steps]) => {
    takesNoWrites = twoPrimaries = false;
    prepare();
    expect(await bench.run()).toBe('rolled back');
    expect(bench.said()).toMatch(says);
    // What was not replaced is left alone.
    const replaced = ['ams0,ams1', 'iad2,syd3'].slice(0, steps);
    expect(bench.deploys().slice(steps)).toEqual(replaced.map((ids) => back(ids)));
    expect(bench.kept).toBe('app = "shop"\n');
    expect(new Set(bench.digests())).toEqual(new Set([former]));
  });

  test('machines had different ones', async () => {
    const older = digestOf('older');
    (bench.fake.state.machines[3] as { digest: string }).digest = older;
    bench.smokeFaults = ['no'];
    expect(await bench.run()).toBe('rolled back');
    expect(bench.deploys().slice(2)).toEqual([
      back('ams0,ams1'),
      back('iad2'),
      back('syd3', older),
    ]);
    expect(bench.digests()).toEqual([former, former, former, older]);
  });

  let takesNoWrites: boolean;
  let twoPrimaries: boolean;

  /** Does something when the release reaches the primary region, and undoes it when it is taken back. */
  function onRelease(change: () => void): void {
    const { primaryRegionOfFolder } = bench.fake.state;
    bench.fake.interfere = ({ command, flags }) => {
      if (command === 'deploy' && flags['only-machines'] !== undefined) {
        bench.fake.state.primaryRegionOfFolder = primaryRegionOfFolder;
        takesNoWrites = twoPrimaries = false;
      }
      if (flags.command !== asApp('status --json')) return undefined;
      if (bench.deploys().length === 1) change();
      const { nodes } = fleetStatus(bench.fake.state);
      for (const { status } of nodes) {
        if (status === null) continue;
        if (takesNoWrites) status.durability = null;
        if (twoPrimaries && status.node === 'syd3') status.role = 'primary';
      }
      return { stdout: JSON.stringify({ nodes }) };
    };
  }
});

test('a roll back that fails says so', async () => {
  bench.smokeFaults = ['no'];
  bench.fake.interfere = ({ command, flags }) =>
    command === 'deploy' && flags['only-machines'] !== undefined ? { exitCode: 1 } : undefined;
  expect(await bench.run()).toBe('roll back failed');
  expect(bench.printed.at(-1)).toContain('somebody has to look now');
});

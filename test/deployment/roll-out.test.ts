import { beforeEach, describe, expect, test } from 'vitest';
import { type RolloutTools, rollOut } from '../../scripts/deploy/deploy.ts';
import { Fly } from '../../scripts/fly/fly.ts';
import { digestOf, emptyState, FakeFly } from '../support/fake-fly/fake-fly.ts';

const former = digestOf('former');
const next = digestOf('next');
const image = `registry.fly.io/shop@${next}`;

let fake: FakeFly;
let printed: string[];
let interruption: AbortController;
let nowMs: number;
let smokeFaults: () => readonly string[];

beforeEach(() => {
  fake = new FakeFly({
    ...emptyState(),
    apps: ['shop'],
    secrets: { BACKUP_URL: 's3://shop/backups' },
    schema: 2,
    schemaOfImage: { [former]: 2, [next]: 3 },
    deployedConfig: 'app = "shop"\n',
    machines: ['ams', 'ams', 'iad', 'syd'].map((region, index) => ({
      id: `${region}${index}`,
      region,
      state: 'started',
      digest: former,
      volume: `vol_${index}`,
    })),
  });
  printed = [];
  interruption = new AbortController();
  nowMs = 0;
  smokeFaults = () => [];
});

/** Rolls the next image out; time passes only while it sleeps. */
function run(more: { backup?: boolean; image?: () => Promise<string> } = {}) {
  const tools: RolloutTools = {
    fly: new Fly(fake.run),
    print: (line) => printed.push(line),
    image: more.image ?? (async () => image),
    keepConfig: (toml) => {
      kept = toml;
      return '/tmp/former.toml';
    },
    smoke: async (machines) => {
      smoked = machines.map(({ id }) => id);
      return smokeFaults();
    },
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    signal: interruption.signal,
  };
  const { backup = true } = more;
  return rollOut(
    { app: 'shop', primaryRegion: 'ams', schema: 3, backup, configFile: 'fly.toml' },
    tools,
  );
}
let kept: string;
let smoked: string[];

const deploys = () => fake.calls.filter((call) => call.startsWith('deploy '));
const digests = () => fake.state.machines.map(({ digest }) => digest);
const tail = '--update-only --ha=false --yes';

test('a backup comes first, then the primary region, then the others, then a link through every machine', async () => {
  expect(await run()).toBe('done');
  expect(fake.changes()).toEqual([
    `deploy --app shop --config fly.toml --image ${image} --regions ams ${tail}`,
    `deploy --app shop --config fly.toml --image ${image} --exclude-regions ams ${tail}`,
  ]);
  const backup = fake.calls.findIndex((call) => call.includes('hoplite backup now'));
  const first = fake.calls.findIndex((call) => call.startsWith('deploy '));
  expect(backup).toBeGreaterThan(0);
  expect(backup).toBeLessThan(first);
  // On a machine that neither writes nor may come to.
  expect(fake.calls[backup]).toContain('--machine iad2');
  expect(new Set(digests())).toEqual(new Set([next]));
  expect(smoked).toEqual(['ams0', 'ams1', 'iad2', 'syd3']);
});

test('a fleet of one region needs one step', async () => {
  fake.state.machines = fake.state.machines.filter(({ region }) => region === 'ams');
  expect(await run()).toBe('done');
  expect(deploys()).toHaveLength(1);
});

test('the fleet may take its time: the verdict is that of the last look', async () => {
  let looks = 0;
  fake.interfere = ({ flags }) => {
    if (flags.command !== 'hoplite status --json' || deploys().length === 0) return undefined;
    // No answer, then an election, then all is well.
    if (++looks === 1) return { exitCode: 1, stderr: 'Error: connect: connection refused' };
    if (looks > 4) return undefined;
    const { nodes } = fake.fleetStatus();
    return {
      stdout: JSON.stringify({
        nodes: nodes.map((node) => ({ ...node, status: { ...node.status, role: 'detached' } })),
      }),
    };
  };
  expect(await run()).toBe('done');
  expect(nowMs).toBeGreaterThan(0);
});

describe('refuses, and changes nothing, when', () => {
  test.for<[name: string, prepare: () => void, says: RegExp]>([
    [
      'there is no machine in the primary region',
      () => {
        fake.state.machines = fake.state.machines.slice(2);
      },
      /no machine in its primary region, ams.*fly-setup/,
    ],
    [
      'a machine is stopped',
      () => {
        stop('iad2');
      },
      /iad2 in iad is stopped/,
    ],
    [
      'nobody is the primary',
      () => {
        fake.state.primaryRegionOfFolder = 'nrt';
      },
      /No node is the primary/,
    ],
    [
      'the primary is somewhere else',
      () => {
        fake.state.primaryRegionOfFolder = 'syd';
      },
      /The primary is syd3 in syd, not in ams/,
    ],
    [
      'backups are not set up',
      () => {
        fake.state.secrets = {};
      },
      /no BACKUP_URL.*--backup no/,
    ],
    [
      'the backup fails',
      () => {
        failOn('hoplite backup now', 'the bucket is full');
      },
      /the bucket is full/,
    ],
    [
      'nobody is logged in',
      () => {
        fake.state.user = null;
      },
      /Nobody is logged in at Fly/,
    ],
    [
      'fly prints what is not known',
      () => {
        fake.interfere = ({ command }) =>
          command === 'machine list' ? { stdout: '[{"ID":1}]' } : undefined;
      },
      /Another version of fly/,
    ],
  ])('%s', async ([, prepare, says]) => {
    prepare();
    expect(await run()).toBe('refused');
    expect(printed.join('\n')).toMatch(says);
    expect(printed.at(-1)).toBe('Nothing was changed.');
    expect(deploys()).toEqual([]);
  });

  test('the image cannot be built', async () => {
    expect(
      await run({ image: () => new Fly(new FakeFly().run).machines('other').then(() => '') }),
    ).toBe('refused');
    expect(deploys()).toEqual([]);
  });
});

test('without backups it deploys when it is told to', async () => {
  fake.state.secrets = {};
  expect(await run({ backup: false })).toBe('done');
  expect(fake.calls.join('\n')).not.toContain('backup');
});

describe('rolls back to the image and configuration that each machine had when', () => {
  /** Names the machines one by one: none that was not in the fleet before is touched. */
  const back = (ids: string, digest = former) =>
    `deploy --app shop --config /tmp/former.toml --image registry.fly.io/shop@${digest} --only-machines ${ids} ${tail}`;

  test.for<[name: string, prepare: () => void, says: RegExp, steps: number]>([
    [
      'the schema is not there',
      () => {
        fake.state.schemaOfImage[next] = 2;
      },
      /ams0 in ams has the schema 2, not 3/,
      1,
    ],
    [
      'the role is wrong',
      () => {
        onRelease(() => {
          fake.state.primaryRegionOfFolder = 'syd';
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
        fake.interfere = ({ command }) => {
          const [first] = fake.state.machines;
          if (command === 'machine list' && deploys().length === 1 && first !== undefined) {
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
        fake.interfere = ({ flags, command }) =>
          command === 'deploy' && flags.image === image ? { exitCode: 1, stderr: '' } : undefined;
      },
      /ended with 1/,
      1,
    ],
    [
      'the smoke test fails',
      () => {
        smokeFaults = () => ['syd3 in syd answered 404  for a new link.'];
      },
      /syd3 in syd answered 404/,
      2,
    ],
  ])('%s', async ([, prepare, says, steps]) => {
    takesNoWrites = twoPrimaries = false;
    prepare();
    expect(await run()).toBe('rolled back');
    expect(printed.join('\n')).toMatch(says);
    expect(deploys().slice(steps)).toEqual([back('ams0,ams1'), back('iad2,syd3')]);
    expect(kept).toBe('app = "shop"\n');
    expect(new Set(digests())).toEqual(new Set([former]));
  });

  test('machines had different ones', async () => {
    const older = digestOf('older');
    (fake.state.machines[3] as { digest: string }).digest = older;
    smokeFaults = () => ['no'];
    expect(await run()).toBe('rolled back');
    expect(deploys().slice(2)).toEqual([back('ams0,ams1'), back('iad2'), back('syd3', older)]);
    expect(digests()).toEqual([former, former, former, older]);
  });

  let takesNoWrites: boolean;
  let twoPrimaries: boolean;

  /** Does something when the release reaches the primary region, and undoes it when it is taken back. */
  function onRelease(change: () => void): void {
    const { primaryRegionOfFolder } = fake.state;
    fake.interfere = ({ command, flags }) => {
      if (command === 'deploy' && flags['only-machines'] !== undefined) {
        fake.state.primaryRegionOfFolder = primaryRegionOfFolder;
        takesNoWrites = twoPrimaries = false;
      }
      if (flags.command !== 'hoplite status --json') return undefined;
      if (deploys().length === 1) change();
      const { nodes } = fake.fleetStatus();
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
  smokeFaults = () => ['no'];
  fake.interfere = ({ command, flags }) =>
    command === 'deploy' && flags['only-machines'] !== undefined ? { exitCode: 1 } : undefined;
  expect(await run()).toBe('roll back failed');
  expect(printed.at(-1)).toContain('somebody has to look now');
});

describe('interrupted', () => {
  test('before the first step, nothing was changed', async () => {
    fake.interfere = ({ flags }) => {
      if (flags.command === 'hoplite backup now') interruption.abort();
      return undefined;
    };
    expect(await run()).toBe('interrupted');
    expect(printed.at(-1)).toBe('Nothing was changed.');
    expect(deploys()).toEqual([]);
  });

  test('in the middle of a step, it stops there and says how to go on and how to go back', async () => {
    fake.interfere = ({ command }) => {
      if (command === 'deploy') interruption.abort();
      return command === 'deploy' ? { exitCode: 130 } : undefined;
    };
    expect(await run()).toBe('interrupted');
    expect(deploys()).toHaveLength(1);
    expect(printed.at(-1)).toContain(`npm run deploy -- --app shop --image ${image}\n`);
    expect(printed.at(-1)).toContain(`--image registry.fly.io/shop@${former} --backup no`);
  });

  test('a second run goes on with machines that have the release already', async () => {
    for (const machine of fake.state.machines.slice(0, 2)) machine.digest = next;
    expect(await run()).toBe('done');
    expect(new Set(digests())).toEqual(new Set([next]));
  });
});

function stop(id: string): void {
  for (const machine of fake.state.machines) if (machine.id === id) machine.state = 'stopped';
}

function failOn(command: string, stderr: string): void {
  fake.interfere = ({ flags }) => (flags.command === command ? { exitCode: 1, stderr } : undefined);
}

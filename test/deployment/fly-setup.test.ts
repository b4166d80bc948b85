import { beforeEach, describe, expect, test } from 'vitest';
import { Fly } from '../../scripts/fly/fly.ts';
import { setUp } from '../../scripts/fly-setup/set-up.ts';
import type { Choices } from '../../scripts/fly-setup/step.ts';
import { FakeFly } from '../support/fake-fly/fake-fly.ts';

const choices: Choices = {
  app: 'shop-links',
  org: 'shop',
  primaryRegion: 'ams',
  otherRegions: ['iad', 'syd'],
  domain: 'go.example.com',
  bucket: 'shop-links-backups',
  volumeGb: 1,
};

/** All that a first walk changes, in order. */
const wholeWay = [
  'apps create shop-links --org shop',
  'secrets import --app shop-links --stage',
  'consul attach --app shop-links',
  'storage create --app shop-links --name shop-links-backups --yes',
  'secrets import --app shop-links --stage',
  'volumes create hoplite_data --app shop-links --region ams --size 1 --count 2 --snapshot-retention 14 --yes',
  'volumes create hoplite_data --app shop-links --region iad --size 1 --count 1 --snapshot-retention 14 --yes',
  'volumes create hoplite_data --app shop-links --region syd --size 1 --count 1 --snapshot-retention 14 --yes',
  'deploy --app shop-links --config fly.toml --ha=false --yes',
  'scale count 2 --app shop-links --region ams --yes',
  'scale count 1 --app shop-links --region iad --yes',
  'scale count 1 --app shop-links --region syd --yes',
  'certs add go.example.com --app shop-links',
];

let fake: FakeFly;
let printed: string[];
let questions: string[];
beforeEach(() => {
  fake = new FakeFly();
  printed = [];
  questions = [];
});

/** Walks; a person says yes unless `answer` says otherwise. */
function walk(
  more: Partial<Choices> = {},
  {
    isDryRun = false,
    answer = (_: string) => true,
  }: { isDryRun?: boolean; answer?: (title: string) => boolean } = {},
) {
  let nowMs = 0;
  let secrets = 0;
  return setUp(
    { ...choices, ...more },
    {
      fly: new Fly(fake.run),
      print: (line) => printed.push(line),
      confirm: async (question) => {
        const title = printed.findLast((line) => line.startsWith('\n'))?.trim() ?? '';
        questions.push(question);
        return answer(title);
      },
      isDryRun,
      configFile: 'fly.toml',
      randomSecret: () => `secret-${++secrets}`,
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    },
  );
}

test('walks from nothing to a fleet: two machines in the primary region, one in each other', async () => {
  expect(await walk()).toBe('done');
  expect(fake.changes()).toEqual(wholeWay);
  const { machines, volumes, secrets, certificates } = fake.state;
  expect(machines.map(({ region }) => region)).toEqual(['ams', 'ams', 'iad', 'syd']);
  // Every machine took a volume that was made for it.
  expect(volumes.map(({ machine }) => machine)).toEqual(machines.map(({ id }) => id));
  expect(Object.keys(secrets).sort()).toEqual([
    'ADMIN_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_ENDPOINT_URL_S3',
    'AWS_REGION',
    'AWS_SECRET_ACCESS_KEY',
    'BACKUP_KEY',
    'BUCKET_NAME',
    'FLEET_SECRET',
    'FLY_CONSUL_URL',
  ]);
  expect(certificates).toEqual(['go.example.com']);
});

test('says each command before it asks and runs it, and shows no secret but the two to keep, at the end', async () => {
  const unsaid: string[] = [];
  fake.interfere = () => {
    const call = fake.calls.at(-1) ?? '';
    const isSaid = printed.some((line) => line.startsWith(`$ fly ${call}`));
    if (call === fake.changes().at(-1) && !isSaid) unsaid.push(call);
    return undefined;
  };
  await walk();
  expect(unsaid).toEqual([]);
  const said = printed
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.replace(/ {4}#.*/, ''));
  expect(said).toEqual(wholeWay.map((change) => `$ fly ${change}`));
  expect(fake.calls.join('\n')).not.toContain('secret-');
  const { ADMIN_KEY, BACKUP_KEY, FLEET_SECRET } = fake.state.secrets;
  const end = printed.findIndex((line) => line.includes('Keep these now'));
  expect(printed.slice(end).join('\n')).toContain(
    `ADMIN_KEY=${ADMIN_KEY}\n  BACKUP_KEY=${BACKUP_KEY}`,
  );
  expect(printed.slice(0, end).join('\n')).not.toContain('secret-');
  expect(printed.join('\n')).not.toContain(FLEET_SECRET);
  expect(questions).toHaveLength(8);
});

test('a second walk changes nothing', async () => {
  await walk();
  const before = fake.changes().length;
  expect(await walk()).toBe('done');
  expect(fake.changes()).toHaveLength(before);
  expect(questions).toHaveLength(8);
});

test('goes on where it ended, and makes a region more', async () => {
  fake.interfere = ({ command }) =>
    command === 'deploy' ? { exitCode: 1, stderr: '' } : undefined;
  await expect(walk()).rejects.toThrow(
    '"fly deploy --app shop-links --config fly.toml --ha=false --yes" ended with 1.',
  );
  expect(fake.changes().at(-1)).toMatch(/^deploy /);
  fake.interfere = () => undefined;
  fake.calls.length = 0;
  expect(await walk({ otherRegions: ['iad', 'syd', 'nrt'] })).toBe('done');
  expect(fake.changes()).toEqual([
    'volumes create hoplite_data --app shop-links --region nrt --size 1 --count 1 --snapshot-retention 14 --yes',
    ...wholeWay.slice(8, 12),
    'scale count 1 --app shop-links --region nrt --yes',
    wholeWay[12],
  ]);
});

test('secrets that were lost come back, and reach machines that run', async () => {
  await walk();
  delete fake.state.secrets.FLEET_SECRET;
  fake.calls.length = 0;
  await walk();
  expect(fake.changes()).toEqual([
    'secrets import --app shop-links --stage',
    'secrets deploy --app shop-links',
  ]);
  expect(fake.state.secrets.ADMIN_KEY).toBe('secret-2');
});

test('a dry run looks and changes nothing', async () => {
  expect(await walk({}, { isDryRun: true })).toBe('done');
  expect(fake.changes()).toEqual([]);
  const said = printed
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.replace(/ {4}#.*/, ''));
  expect(said).toEqual(wholeWay.map((change) => `$ fly ${change}`));
  expect(questions).toEqual([]);
});

test('who says no stops there, except at what a fleet can do without', async () => {
  expect(await walk({}, { answer: (title) => !title.startsWith('Volumes') })).toBe('stopped');
  expect(fake.changes().at(-1)).toBe(wholeWay[4]);
  fake = new FakeFly();
  expect(await walk({}, { answer: (title) => !/^(Backups|The domain)/.test(title) })).toBe('done');
  expect(fake.state.buckets).toEqual([]);
  expect(fake.state.certificates).toEqual([]);
});

test('without backups, domain and other regions', async () => {
  expect(await walk({ bucket: undefined, domain: undefined, otherRegions: [] })).toBe('done');
  expect(fake.state.machines).toHaveLength(2);
  expect(fake.changes().join('\n')).not.toMatch(/storage|certs/);
});

test('whoever has named another place for backups keeps it', async () => {
  await walk({ bucket: undefined });
  fake.state.secrets.BACKUP_URL = 's3://elsewhere/hoplite';
  fake.calls.length = 0;
  await walk();
  expect(fake.changes()).toEqual([]);
});

describe('ends with a sentence when', () => {
  test.for<[name: string, prepare: () => void, says: RegExp]>([
    [
      'nobody is logged in',
      () => {
        fake.state.user = null;
      },
      /Nobody is logged in at Fly\. Run "fly auth login"/,
    ],
    [
      'consul attach added nothing',
      () => {
        fake.state.consulWorks = false;
      },
      /added nothing: there is no FLY_CONSUL_URL/,
    ],
    [
      'the bucket sets no keys',
      () => {
        fake.interfere = ({ command }) => (command === 'storage create' ? {} : undefined);
      },
      /secrets are not: AWS_ACCESS_KEY_ID/,
    ],
    [
      'fly fails',
      () => {
        fake.interfere = ({ command }) =>
          command === 'volumes create' ? { exitCode: 1 } : undefined;
      },
      /"fly volumes create .*" ended with 1/,
    ],
    [
      'the fleet does not become well',
      () => {
        fake.state.primaryRegionOfFolder = 'syd';
      },
      /not well:[\s\S]*The primary is .* in syd, not in ams/,
    ],
  ])('%s', async ([, prepare, says]) => {
    prepare();
    await expect(walk()).rejects.toThrow(says);
  });

  test('the primary region has a third machine', async () => {
    await walk();
    fake.call(['scale', 'count', '3', '--app', 'shop-links', '--region', 'ams', '--yes']);
    await expect(walk()).rejects.toThrow(/ams has 3 machines, and only 2 may become primary/);
  });
});

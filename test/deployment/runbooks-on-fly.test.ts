import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { asApp } from '../../scripts/fly/as-app.ts';
import { FakeFly } from '../support/fake-fly/fake-fly.ts';
import { digestOf, emptyState } from '../support/fake-fly/fake-fly-state.ts';
import { runHere } from '../support/run-command-line.ts';
import { root } from './deployment.ts';

const runbooks = join(root, 'docs/runbooks');
/** The machine and the volume that the pages name as examples. */
const old = { id: '3d8d413b29d089', volume: 'vol_0000000000000001' };

let fake: FakeFly;
/** What machines were asked for. */
let asked: string[];

/** A fleet as docs/deploy.md makes one. The pages' example is its first machine of `region`. */
function makeFleet(region: string): void {
  const machines = ['ams', 'ams', 'iad', 'syd'].map((each, at) => ({
    id: `machine${at}`,
    region: each,
    state: 'started',
    digest: digestOf('release'),
    volume: `vol_${at}`,
  }));
  const example = machines.find((machine) => machine.region === region);
  if (example !== undefined) Object.assign(example, old);
  fake = new FakeFly({
    ...emptyState(),
    apps: ['shop-links'],
    machines,
    volumes: machines.map(({ id, region: of, volume }) => ({
      ...{ id: volume, name: 'hoplite_data', region: of, size: 1, machine: id },
    })),
    secrets: { FLEET_SECRET: 'OLD', BACKUP_KEY: 'OLD', ADMIN_KEY: 'OLD' },
  });
  asked = [];
  fake.interfere = ({ command, flags }) => {
    if (command !== 'ssh console') return undefined;
    asked.push(flags.command ?? '');
    return {};
  };
}
beforeEach(() => makeFleet('ams'));

/** The commands of Fly that a page has, as they stand there. */
function commandsOf(page: string): readonly string[] {
  const text = readFileSync(join(runbooks, page), 'utf8');
  return [...text.matchAll(/^```sh\n(fly [\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

/** Types them; gives what a secret was after each command that changed it. */
function play(page: string, secret = ''): readonly (string | undefined)[] {
  const seen: (string | undefined)[] = [];
  for (const command of commandsOf(page)) {
    const words = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
    const { exitCode, stderr } = fake.call(words.slice(1));
    expect({ command, exitCode, stderr }).toEqual({ command, exitCode: 0, stderr: '' });
    if (command.includes('secrets set')) seen.push(fake.state.secrets[secret]);
  }
  return seen;
}

const regions = () => fake.state.machines.map(({ region }) => region).sort();
/** Every machine has a volume of its own, and none is left over. */
function expectVolumes(): void {
  const { machines, volumes } = fake.state;
  expect(volumes.map(({ machine }) => machine).sort()).toEqual(machines.map(({ id }) => id).sort());
}

test('each page says how it is done on Fly', () => {
  const pages = readdirSync(runbooks);
  expect(pages.length).toBeGreaterThan(6);
  for (const page of pages) expect([page, commandsOf(page).length > 0]).toEqual([page, true]);
});

test('a region is added', () => {
  makeFleet('none');
  fake.state.machines = fake.state.machines.filter(({ region }) => region !== 'syd');
  fake.state.volumes = fake.state.volumes.filter(({ region }) => region !== 'syd');
  play('add-a-region.md');
  expect(regions()).toEqual(['ams', 'ams', 'iad', 'syd']);
  expectVolumes();
});

test('a region is removed, by the id of its machine', () => {
  makeFleet('syd');
  play('remove-a-region.md');
  expect(regions()).toEqual(['ams', 'ams', 'iad']);
  expectVolumes();
  expect(fake.calls.join('\n')).not.toContain('scale');
});

test('a machine is replaced, once the other one is the primary', async () => {
  play('replace-a-machine.md');
  expect(regions()).toEqual(['ams', 'ams', 'iad', 'syd']);
  expect(fake.state.machines.map(({ id }) => id)).not.toContain(old.id);
  expectVolumes();
  expect(asked).toEqual([expect.stringMatching(/^hoplite handoff --to \w+$/)]);
  expect((await runHere(['handoff', '--help'])).stdout).toContain('--to ');
  const at = (words: string) => fake.calls.findIndex((call) => call.startsWith(words));
  expect(at('ssh console')).toBeLessThan(at('machine destroy'));
});

test('another region becomes the primary one, with two machines before it is deployed', () => {
  // The second of the lost ones is taken away as the first one is.
  fake.state.machines.splice(1, 1);
  play('lose-the-primary-region.md');
  expect(regions()).toEqual(['iad', 'iad', 'syd']);
  expect(fake.calls.at(-1)).toMatch(/^deploy /);
});

test.each([
  ['rotate-fleet-secret.md', 'FLEET_SECRET', ['OLD,NEW', 'NEW,OLD', 'NEW']],
  ['rotate-backup-key.md', 'BACKUP_KEY', ['OLD,NEW', 'NEW,OLD', 'NEW']],
  ['rotate-api-keys.md', 'ADMIN_KEY', ['OLD,NEW', 'NEW']],
])('%s never leaves a machine with a %s that another one does not know', (page, secret, rounds) => {
  expect(play(page, secret)).toEqual(rounds);
  expect(asked).toEqual(secret === 'BACKUP_KEY' ? [asApp('backup now')] : []);
});

import { asApp } from '../fly/as-app.ts';
import type { Fly, Machine } from '../fly/fly.ts';
import { FlyFailure } from '../fly/fly-failure.ts';
import { takeBackup } from './back-up.ts';
import { DeployFailure, Interrupted } from './deploy-failure.ts';
import { findFaults, findRoleFaults, type Wanted } from './find-faults.ts';
import { parseFleetStatus } from './fleet-status.ts';

/** What is rolled out, and where. */
export interface Rollout {
  readonly app: string;
  readonly primaryRegion: string;
  /** The number of the newest migration of the release. */
  readonly schema: number;
  readonly backup: boolean;
  /** Whether a fleet that is not well is deployed to as well: it may be the release that cures it. */
  readonly anyway: boolean;
  /** fly.toml of the release. */
  readonly configFile: string;
}

/** What it is done with. */
export interface RolloutTools {
  readonly fly: Fly;
  readonly print: (line: string) => void;
  /** Gives the image by digest, `name@sha256:…`; builds it when it is not there yet. */
  readonly image: () => Promise<string>;
  /** Writes fly.toml as it was before the deployment, and gives the file's path. */
  readonly keepConfig: (toml: string) => string;
  /** Gives the sentences of what failed. */
  readonly smoke: (machines: readonly Machine[]) => Promise<readonly string[]>;
  /** A monotonic clock, milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted when this program is told to end. */
  readonly signal: AbortSignal;
}

/** How a deployment ended, and the exit code of this program for it. */
export type Ending = 'done' | 'refused' | 'rolled back' | 'roll back failed' | 'interrupted';

/** How long the fleet may take after a step until all is as wanted: elections, migrations, a copy of the links. */
const patienceMs = 180_000;
/** Before the first step nothing is on its way; an election may be. */
const patienceBeforeMs = 45_000;
const lookEveryMs = 3_000;

/**
 * Rolls a release out: looks, takes a backup, replaces the machines of the primary region, which migrates, looks again,
 * replaces the others, looks again and follows a new link through every machine. When something is not as it should
 * be, all machines that were replaced get the image and configuration back that they had.
 *
 * flyctl by itself goes by machine ids, so a replica could get the release before the schema that it needs (docs/facts.md,
 * "Fly deploys by machine, not by region").
 */
export async function rollOut(rollout: Rollout, tools: RolloutTools): Promise<Ending> {
  const { fly, print, signal } = tools;
  const { app, primaryRegion } = rollout;
  let before: readonly Machine[] = [];
  let former = '';
  let image = '';
  /** The regions whose machines were replaced, or were about to be. */
  const touched = new Set<string>();
  try {
    before = await fly.machines(app);
    await expectWell(before);
    const config = await fly.config(app);
    former = tools.keepConfig(config);
    image = await tools.image();
    stopIfInterrupted();
    if (rollout.backup) await takeBackup({ app, primaryRegion, machines: before, config }, tools);
    stopIfInterrupted();

    const elsewhere = [...new Set(before.map(({ region }) => region))].filter(
      (region) => region !== primaryRegion,
    );
    print(`\nThe primary region, ${primaryRegion}:`);
    await replace([primaryRegion], ['--regions', primaryRegion]);
    await expectWanted([primaryRegion]);
    if (elsewhere.length > 0) {
      print(`\nThe other regions, ${elsewhere.join(', ')}:`);
      await replace(elsewhere, ['--exclude-regions', primaryRegion]);
      await expectWanted([primaryRegion, ...elsewhere]);
    }
    print('\nA new link, through every machine:');
    const faults = await tools.smoke(await fly.machines(app));
    stopIfInterrupted();
    if (faults.length > 0) throw new DeployFailure(faults.join('\n'));
    print(`Every machine of ${app} runs ${image}.`);
    return 'done';
  } catch (error) {
    if (signal.aborted) return describeInterruption();
    if (!(error instanceof DeployFailure || error instanceof FlyFailure)) throw error;
    print(`\n${error.message}`);
    if (touched.size === 0) {
      print('Nothing was changed.');
      return 'refused';
    }
    return await rollBack();
  }

  async function replace(regions: readonly string[], which: readonly string[]): Promise<void> {
    for (const region of regions) touched.add(region);
    const what = ['--config', rollout.configFile, '--image', image];
    // No machine is made here: how many there are, and where, is part of the design.
    await fly.change([
      'deploy',
      '--app',
      app,
      ...what,
      ...which,
      '--update-only',
      '--ha=false',
      '--yes',
    ]);
    stopIfInterrupted();
  }

  async function expectWell(machines: readonly Machine[]): Promise<void> {
    if (!machines.some(({ region }) => region === primaryRegion)) {
      throw new DeployFailure(
        `${app} has no machine in its primary region, ${primaryRegion}. "npm run fly-setup" makes a fleet.`,
      );
    }
    const look = async () =>
      findRoleFaults(await fly.machines(app), await askStatus(), primaryRegion);
    try {
      await waitUntil('The fleet is not well', look, rollout.anyway ? 0 : patienceBeforeMs);
    } catch (error) {
      if (!(error instanceof DeployFailure)) throw error;
      if (!rollout.anyway) {
        throw new DeployFailure(`${error.message}\n--anyway deploys to such a fleet, too.`);
      }
      print(`${error.message}\nIt is deployed to anyway.`);
    }
  }

  async function expectWanted(regions: Wanted['regions']): Promise<void> {
    const digest = image.slice(image.indexOf('@') + 1);
    const wanted = { primaryRegion, regions, digest, schema: rollout.schema };
    await waitUntil('The release is not what it should be', async () =>
      findFaults(await fly.machines(app), await askStatus(), wanted),
    );
  }

  /** Asks a machine that runs; a fault of the way there is one of the fleet. */
  async function askStatus() {
    const machines = await fly.machines(app);
    const asked =
      machines.find(({ region, state }) => region === primaryRegion && state === 'started') ??
      machines.find(({ state }) => state === 'started');
    if (asked === undefined) throw new DeployFailure(`No machine of ${app} runs.`);
    return parseFleetStatus(await fly.onMachine(app, asked.id, asApp('status --json')));
  }

  async function waitUntil(
    complaint: string,
    look: () => Promise<readonly string[]>,
    forMs = patienceMs,
  ): Promise<void> {
    const until = tools.now() + forMs;
    for (;;) {
      stopIfInterrupted();
      let faults: readonly string[];
      try {
        faults = await look();
      } catch (error) {
        // A machine that was just replaced may not take a command yet.
        if (!(error instanceof FlyFailure || error instanceof DeployFailure)) throw error;
        faults = [error.message];
      }
      if (faults.length === 0) return;
      if (tools.now() >= until) throw new DeployFailure(`${complaint}:\n${faults.join('\n')}`);
      await tools.sleep(lookEveryMs);
    }
  }

  /** Gives back to every machine that was replaced what it had, the primary region first: that is where it hurts most. */
  async function rollBack(): Promise<Ending> {
    const replaced = before.filter(({ region }) => touched.has(region));
    const images = [...new Set(replaced.map((machine) => machine.image))];
    print(`\nRolling back to ${images.join(' and ')}:`);
    try {
      for (const isPrimaryRegion of [true, false]) {
        for (const given of images) {
          const ids = replaced
            .filter(
              ({ region, image: had }) =>
                had === given && (region === primaryRegion) === isPrimaryRegion,
            )
            .map(({ id }) => id);
          if (ids.length === 0) continue;
          const what = ['--config', former, '--image', given, '--only-machines', ids.join(',')];
          await fly.change([
            'deploy',
            '--app',
            app,
            ...what,
            '--update-only',
            '--ha=false',
            '--yes',
          ]);
        }
      }
      await waitUntil('The fleet is not well after the roll back', async () => {
        const machines = await fly.machines(app);
        const changed = machines.filter(
          ({ id, image: now }) =>
            now !== (before.find((machine) => machine.id === id)?.image ?? now),
        );
        return [
          ...changed.map(({ id, image: now }) => `${id} still runs ${now}.`),
          ...findRoleFaults(machines, await askStatus(), primaryRegion),
        ];
      });
    } catch (error) {
      if (signal.aborted) return describeInterruption();
      if (!(error instanceof DeployFailure || error instanceof FlyFailure)) throw error;
      print(`\n${error.message}\nThe roll back did not work: somebody has to look now.`);
      return 'roll back failed';
    }
    print(
      'Rolled back: every machine runs what it ran before. The schema stays; the release before works on it.',
    );
    return 'rolled back';
  }

  function describeInterruption(): Ending {
    print('\nInterrupted.');
    if (touched.size === 0) print('Nothing was changed.');
    else {
      const images = [...new Set(before.map((machine) => machine.image))];
      print(
        [
          'Some machines may run the new release and others the one before, which is no harm for a while. Go on with',
          `  npm run deploy -- --app ${app} --image ${image}`,
          'or take it back with',
          ...images.map((given) => `  npm run deploy -- --app ${app} --image ${given} --backup no`),
        ].join('\n'),
      );
    }
    return 'interrupted';
  }

  function stopIfInterrupted(): void {
    if (signal.aborted) throw new Interrupted();
  }
}

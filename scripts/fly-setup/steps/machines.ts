import { FlyFailure } from '../../fly/fly-failure.ts';
import type { Step } from '../step.ts';
import { candidates, wantedMachines } from './wanted-machines.ts';

/** The other machines. Only ever more: a number that goes down takes the machine that comes first, maybe the primary. */
export const machinesStep: Step = {
  title: 'Machines',
  why: 'Two in the primary region, which are the two that may become primary, and one in each other region. Machines are billed while they run, which is always.',

  async plan(world) {
    const { app, primaryRegion } = world.choices;
    const there = await world.machines();
    const count = (region: string) => there.filter((machine) => machine.region === region).length;
    if (count(primaryRegion) > candidates) {
      throw new FlyFailure(
        `${primaryRegion} has ${count(primaryRegion)} machines, and only ${candidates} may become primary. Look with "hoplite status" ` +
          'which is no primary, and take that one away by "fly machine destroy --force".',
      );
    }
    return [...wantedMachines(world.choices)].flatMap(([region, wanted]) =>
      count(region) >= wanted
        ? []
        : [{ args: ['scale', 'count', String(wanted), '--app', app, '--region', region, '--yes'] }],
    );
  },
};

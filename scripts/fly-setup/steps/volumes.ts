import type { Step } from '../step.ts';
import { wantedMachines } from './wanted-machines.ts';

/** The `source` of `[[mounts]]` in fly.toml. */
export const volumeName = 'hoplite_data';

/** A volume for each machine, on hosts of their own where one region has two. */
export const volumesStep: Step = {
  title: 'Volumes',
  why: 'Each machine keeps its copy of the database on a volume of its own. They grow by themselves (fly.toml), are billed by size, and keep 14 daily snapshots.',

  async plan(world) {
    const { app, volumeGb } = world.choices;
    const there = await world.volumes();
    return [...wantedMachines(world.choices)].flatMap(([region, wanted]) => {
      const own = there.filter((volume) => volume.name === volumeName && volume.region === region);
      const missing = wanted - own.length;
      if (missing <= 0) return [];
      const size = [
        '--size',
        String(volumeGb),
        '--count',
        String(missing),
        '--snapshot-retention',
        '14',
      ];
      return [
        {
          args: [
            'volumes',
            'create',
            volumeName,
            '--app',
            app,
            '--region',
            region,
            ...size,
            '--yes',
          ],
        },
      ];
    });
  },
};

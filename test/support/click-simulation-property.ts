import fc from 'fast-check';
import type { FleetOptions } from './click-simulation.ts';
import { anyHistory, type Command } from './click-simulation-commands.ts';
import { playHistory } from './click-simulation-play.ts';

/** The longest history of the simulation. */
const maxCommands = 120;

/** A fleet and what happens to it. */
export type Play = [Command[], Pick<FleetOptions, 'nodes' | 'sync' | 'maxRows'>];

/** That a fleet keeps its promises in random histories. `broken` puts a fault into it, which has to be found. */
export function fleetKeepsPromises({
  hasForks,
  broken = () => ({}),
}: {
  readonly hasForks: boolean;
  readonly broken?: (() => FleetOptions) | undefined;
}): fc.IAsyncProperty<Play> {
  return fc.asyncProperty(
    anyHistory({ maxCommands, hasForks }),
    fc.record({
      nodes: fc.constantFrom(2, 3),
      sync: fc.constantFrom<'tick' | 'off' | number>(250, 'tick', 'off'),
      // A click is in 16 rows, 8 of which it shares with all others of its hour.
      maxRows: fc.constantFrom(16, 33, 5_000),
    }),
    async (history, options) => {
      await playHistory(history, { ...options, ...broken() });
    },
  );
}

/** One line a command, to be read, and to be kept as a case. */
export function describePlay([history, options]: Play): string {
  const lines = history.map((command) => `  ${JSON.stringify(command)},`);
  return [JSON.stringify(options), '[', ...lines, ']'].join('\n');
}

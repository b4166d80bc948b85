import { type FleetOptions, SimulatedFleet } from './click-simulation.ts';
import type { Command } from './click-simulation-commands.ts';

/** Plays a history from beginning to rest. Throws `BrokenPromise`. */
export async function playHistory(
  history: readonly Command[],
  options: FleetOptions = {},
): Promise<SimulatedFleet> {
  const fleet = new SimulatedFleet(options);
  await fleet.start();
  for (const command of history) await fleet.take(command);
  await fleet.comeToRest();
  return fleet;
}

import type { FaultName } from '../fault-name.ts';
import type { WorldNode } from '../world/world.ts';
import type { Stage } from './stage.ts';

/** Something that befalls the fleet, once it is known whom. */
export interface Act {
  /** The nodes that it befalls; none when it is none in particular. */
  readonly targets: readonly string[];
  /** What a destroyed spool would lose, as its node said last. */
  readonly unconfirmed?: { readonly clicks: number; readonly at: number } | undefined;
  /** Makes it happen, and resolves when the fleet has met it: mostly, when another node takes writes. */
  start(): Promise<void>;
  /** Takes it back, and resolves when whoever was ended is up again. */
  heal(): Promise<void>;
}

/** A kind of fault. docs/faults.md says how each is made, and why so. */
export interface Fault {
  readonly name: FaultName;
  /** Whether it takes the lease from the node that has it. */
  readonly losesPrimary: boolean;
  /** Looks at the fleet as it is now, and chooses whom it befalls. */
  prepare(stage: Stage): Promise<Act>;
}

/** A fault that befalls whichever node leads when it is due, and takes the lease from it. */
export function befallsPrimary(
  name: FaultName,
  play: (stage: Stage, primary: WorldNode) => Pick<Act, 'start' | 'heal'>,
): Fault {
  return {
    name,
    losesPrimary: true,
    async prepare(stage) {
      const primary = await stage.primary();
      return { targets: [primary.id], ...play(stage, primary) };
    },
  };
}

import { type FleetOptions, type Point, SimulatedFleet } from './click-simulation.ts';
import type { Command } from './click-simulation-commands.ts';

/** What can happen at a point: the node's process ends, its power is cut, the primary ends, a message is lost. */
export const strikes = ['kill', 'cut power', 'end primary', 'lose message'] as const;
export type Strike = (typeof strikes)[number];

/** A part of a small history; some are several commands. */
type Move = 'click' | 'seal' | 'ship' | 'go back' | 'let go';

const moves: Readonly<Record<Move, readonly Command[]>> = {
  click: [{ do: 'click', node: 0, clicks: 1 }],
  seal: [{ do: 'seal', node: 0 }],
  ship: [{ do: 'ship all', node: 0 }],
  'go back': [{ do: 'fail over', lost: 1 }],
  'let go': [{ do: 'replicate', node: 0, behind: 0 }, { do: 'confirm', node: 0 }, { do: 'age' }],
};

/** Every history of at most `length` moves in which each move finds something to do. */
export function* listSmallHistories(length: number): Generator<readonly Command[]> {
  yield* extend([], { left: length, open: 0, sealed: 0, counted: 0, canLetGo: false });
}

interface State {
  readonly left: number;
  /** Clicks in the open segment, in sealed batches, and counted. */
  readonly open: number;
  readonly sealed: number;
  readonly counted: number;
  readonly canLetGo: boolean;
}

function* extend(history: readonly Command[], state: State): Generator<readonly Command[]> {
  if (history.length > 0) yield history;
  if (state.left === 0) return;
  const { open, sealed, counted, canLetGo } = state;
  const left = state.left - 1;
  yield* extend([...history, ...moves.click], { ...state, left, open: open + 1 });
  if (open > 0) {
    yield* extend([...history, ...moves.seal], { ...state, left, open: 0, sealed: sealed + open });
  }
  if (sealed > 0) {
    const after = { ...state, left, sealed: 0, counted: counted + sealed, canLetGo: true };
    yield* extend([...history, ...moves.ship], after);
  }
  if (counted > 0) {
    const after = { ...state, left, sealed: sealed + 1, counted: counted - 1 };
    yield* extend([...history, ...moves['go back']], after);
  }
  if (canLetGo) {
    yield* extend([...history, ...moves['let go']], { ...state, left, canLetGo: false });
  }
}

/** The points that a history of one node reaches, in their order, until it is left to come to rest. */
export async function listPoints(history: readonly Command[]): Promise<readonly Point[]> {
  const points: Point[] = [];
  await play(history, (point) => points.push(point));
  return points;
}

/** Plays a history of one node in which something happens at one of its points. Throws `BrokenPromise`. */
export async function strikeAt(
  history: readonly Command[],
  at: number,
  strike: Strike,
  options: FleetOptions = {},
): Promise<void> {
  let reached = 0;
  await play(
    history,
    (_, fleet) => {
      reached += 1;
      if (reached !== at) return;
      if (strike === 'end primary') fleet.primary.begin();
      else if (strike === 'lose message') fleet.network.losesNext = true;
      else fleet.nodes[0]?.kill();
    },
    async (fleet) => {
      if (strike === 'cut power') await fleet.nodes[0]?.losePower(at);
      else await fleet.nodes[0]?.crash();
    },
    options,
  );
}

async function play(
  history: readonly Command[],
  onPoint: (point: Point, fleet: SimulatedFleet) => void,
  restart: (fleet: SimulatedFleet) => Promise<void> = async () => undefined,
  options: FleetOptions = {},
): Promise<void> {
  let isPlaying = false;
  const fleet: SimulatedFleet = new SimulatedFleet({
    nodes: 1,
    maxRows: 16,
    ...options,
    onPoint: (point) => {
      if (isPlaying) onPoint(point, fleet);
    },
  });
  await fleet.start();
  for (const command of history) {
    isPlaying = true;
    await fleet.take(command);
    isPlaying = false;
    if (fleet.nodes[0]?.isKilled) await restart(fleet);
  }
  await fleet.comeToRest();
}

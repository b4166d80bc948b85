import { type ConsulTree, type PlaceNumber, placeNumbers, type TakenPlace } from './consul-tree.ts';

/** What a candidate does about its place. */
export type PlaceStep =
  | { readonly do: 'keep'; readonly number: PlaceNumber }
  | { readonly do: 'take'; readonly number: PlaceNumber }
  /** A session of this node's last run holds a place still. */
  | { readonly do: 'end-last-run'; readonly session: string }
  /** Both are taken, or kept for who had them. */
  | { readonly do: 'wait' };

/**
 * For how long a place is kept for the node that had it. A candidate that restarts would find it taken by a third one
 * that is not caught up, and the fleet would have one candidate that can lead.
 */
export const keptForMs = 10_000;

/** A place that was seen to become free. */
export interface FreedPlace {
  readonly node: string;
  readonly atMs: number;
}

/** Decides a candidate's next step. `session` is this guard's own. */
export function judgePlace(options: {
  readonly node: string;
  readonly session: string;
  readonly places: readonly TakenPlace[];
  /** The place this node last held. */
  readonly former: PlaceNumber | undefined;
  readonly freed: ReadonlyMap<PlaceNumber, FreedPlace>;
  /** Monotonic. */
  readonly nowMs: number;
}): PlaceStep {
  const { node, session, places, former, freed, nowMs } = options;
  const own = places.find((place) => place.session === session);
  if (own !== undefined) return { do: 'keep', number: own.number };
  const stale = places.find((place) => place.node === node);
  if (stale !== undefined) return { do: 'end-last-run', session: stale.session };
  const free = placeNumbers.filter((number) => {
    if (places.some((place) => place.number === number)) return false;
    const last = freed.get(number);
    return last === undefined || last.node === node || nowMs - last.atMs >= keptForMs;
  });
  const number = free.find((each) => each === former) ?? free[0];
  return number === undefined ? { do: 'wait' } : { do: 'take', number };
}

/** Keeps account of places that became free between two looks at Consul. */
export function noteFreed(
  freed: Map<PlaceNumber, FreedPlace>,
  before: ConsulTree | undefined,
  now: ConsulTree,
  nowMs: number,
): void {
  for (const number of placeNumbers) {
    if (now.places.some((place) => place.number === number)) {
      freed.delete(number);
      continue;
    }
    const last = before?.places.find((place) => place.number === number);
    if (last !== undefined) freed.set(number, { node: last.node, atMs: nowMs });
  }
}

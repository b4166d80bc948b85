import type { FaultName } from '../fault-name.ts';
import type { EventOf } from '../history.ts';

/** A fault from its start until it was healed; for ever when it was not. Times as in the history. */
export interface FaultWindow {
  readonly name: FaultName;
  readonly fault: number;
  readonly targets: readonly string[];
  readonly startAt: number;
  readonly healAt: number;
  readonly losesPrimary: boolean;
  readonly start: EventOf<'fault'>;
}

/** Joins starts and heals, in the order of the starts. Throws when one is healed that never began. */
export function toFaultWindows(events: readonly EventOf<'fault'>[]): FaultWindow[] {
  const heals = new Map(
    events.filter((event) => event.phase === 'heal').map((heal) => [heal.fault, heal]),
  );
  const starts = events.filter((event) => event.phase === 'start');
  const known = new Set(starts.map((start) => start.fault));
  for (const fault of heals.keys()) {
    if (!known.has(fault)) throw new Error(`Fault ${fault} was healed, but never began.`);
  }
  return starts
    .map((start) => ({
      name: start.name,
      fault: start.fault,
      targets: start.targets,
      startAt: start.at,
      healAt: heals.get(start.fault)?.at ?? Number.POSITIVE_INFINITY,
      losesPrimary: start.losesPrimary ?? false,
      start,
    }))
    .sort((one, other) => one.startAt - other.startAt);
}

/** Whether a time from `from` to `to` touches the window, or the `afterMs` behind it. */
export function touches(window: FaultWindow, from: number, to: number, afterMs = 0): boolean {
  return from <= window.healAt + afterMs && to >= window.startAt;
}

/** Faults that keep no node from hearing of the others. All else may leave a copy behind for a while. */
const quiet: ReadonlySet<FaultName> = new Set([
  'disk-full-spool',
  'clock-skew',
  'spool-cloned',
  'shipping-stopped',
]);

/** Whether a fault can leave `node` behind the others. An unknown node may be any. */
export function mayCutOff(window: FaultWindow, node: string | undefined): boolean {
  if (quiet.has(window.name)) return false;
  if (node === undefined || window.losesPrimary || window.targets.length === 0) return true;
  return window.targets.includes(node);
}

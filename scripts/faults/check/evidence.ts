import type { EventOf, HistoryEvent, Operation } from '../history.ts';

/** What the final read of one node says of one thing. The whole of it would be a megabyte. */
export interface FinalRead {
  readonly event: 'finalRead';
  readonly node: string;
  readonly at: number;
  /** The slug, or what else was looked at, such as `integrity`. */
  readonly key: string;
  /** What is there; null when nothing is. */
  readonly value: string | number | null;
}

/** What a verdict is founded on. */
export type Evidence = Operation | Exclude<HistoryEvent, EventOf<'final'>> | FinalRead;

/** The part of a final read that matters. */
export function quoteFinal(
  final: EventOf<'final'>,
  key: string,
  value: FinalRead['value'],
): FinalRead {
  return { event: 'finalRead', node: final.node, at: final.at, key, value };
}

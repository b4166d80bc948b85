import type { NodeView } from './edge-node.ts';
import { type LatencyTable, oneWayMs } from './latency-table.ts';
import { isRegionMeantBy } from './region-alias.ts';

/** Where a request wants to go. Every part that is set must hold, except `prefer`. */
export interface Target {
  readonly app: string;
  /** This node and no other. */
  readonly only?: string | undefined;
  /** This node when it can be reached. */
  readonly prefer?: string | undefined;
  /** Codes and aliases; nodes of an earlier one first, of none of them never. */
  readonly regions?: readonly string[] | undefined;
  /** Any node but this one. */
  readonly except?: string | undefined;
}

/** A node and when it last took a request: a count that only grows, 0 for never. */
export interface Candidate {
  readonly node: NodeView;
  readonly lastPicked: number;
}

/** How candidates are judged: from which region, over which distances, and whether health and a stop count. */
export interface Outlook {
  readonly region: string;
  readonly distances: LatencyTable;
  readonly autostart: boolean;
  readonly unhealthyInstance: 'wait' | 'try';
}

/**
 * The nodes that may take a request now, best first: the preferred node, then by order of the regions
 * asked for, then by distance, then the one that has waited longest. Stopped nodes are candidates only
 * with autostart, and last.
 */
export function listCandidates(
  all: readonly Candidate[],
  target: Target,
  outlook: Outlook,
): readonly NodeView[] {
  const ranked = all
    .filter(({ node }) => isMatch(node, target) && isReady(node, target, outlook))
    .map((candidate) => ({ candidate, rank: rank(candidate, target, outlook) }));
  ranked.sort((a, b) => compareRanks(a.rank, b.rank));
  return ranked.map(({ candidate }) => candidate.node);
}

/** Whether a node is what the target asks for, in whatever state it is. */
export function isMatch(node: NodeView, target: Target): boolean {
  return (
    node.app === target.app &&
    node.id !== target.except &&
    (target.only === undefined || node.id === target.only) &&
    (target.regions === undefined ||
      target.regions.some((name) => isRegionMeantBy(node.region, name)))
  );
}

function isReady(node: NodeView, target: Target, outlook: Outlook): boolean {
  if (node.state === 'stopped' && outlook.autostart) return true;
  return node.healthy || (target.only === node.id && outlook.unhealthyInstance === 'try');
}

function rank({ node, lastPicked }: Candidate, target: Target, outlook: Outlook): number[] {
  return [
    node.state === 'stopped' && outlook.autostart ? 1 : 0,
    node.id === target.prefer ? 0 : 1,
    target.regions?.findIndex((name) => isRegionMeantBy(node.region, name)) ?? 0,
    oneWayMs(outlook.distances, outlook.region, node.region) ?? Number.MAX_SAFE_INTEGER,
    lastPicked,
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

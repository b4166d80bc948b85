import { hash } from 'node:crypto';
import type { NodeId } from './role.ts';

/** A row of `epochs`: one primary's time. `startedAt` in milliseconds since 1970 UTC, by its own clock. */
export interface EpochRow {
  readonly epoch: number;
  readonly node: NodeId;
  readonly startedAt: number;
}

/** Length of a tag, hex digits. */
export const epochTagLength = 8;

/**
 * A short digest of the row that began an epoch. Two primaries can begin the same epoch when a failover loses the first
 * one's (docs/facts.md, "LiteFS elects whoever asks first"): number and tag together tell them apart.
 */
export function toEpochTag({ epoch, node, startedAt }: EpochRow): string {
  return hash('sha256', JSON.stringify([epoch, node, startedAt])).slice(0, epochTagLength);
}

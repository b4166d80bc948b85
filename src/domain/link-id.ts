import type { Random } from './random.ts';

/** 2025-01-01T00:00:00Z: where the time in an id begins. */
const beginningMs = 1_735_689_600_000;

/** Ids per millisecond: 12 random bits. */
const idsPerMs = 4_096;

/**
 * The id of the next link: the milliseconds since 2025 and 12 random bits, or one more than `lastId`
 * where that is higher.
 *
 * Counting alone is not enough: after a failover that lost transactions the new primary would count the
 * lost ids again (docs/facts.md, "LiteFS elects whoever asks first"), and whoever kept one, such as a spool
 * of clicks, would mean another link by it. Time alone is not enough either: clocks go backwards, which
 * `lastId + 1` covers, and differ between nodes, where the random bits make a repetition a matter of chance
 * (1 in 4,096 for two links of the same millisecond).
 *
 * A safe integer until 2094, when 2^41 milliseconds are over. Throws when `now` is past that: a clock so
 * wrong would use all ids up for ever.
 */
export function nextLinkId(lastId: number, now: number, random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  const drawn = (now - beginningMs) * idsPerMs + (((high << 8) | low) % idsPerMs);
  const id = Math.max(lastId + 1, drawn);
  if (!Number.isSafeInteger(id)) {
    throw new Error(`the clock says ${now} ms since 1970, for which there is no link id`);
  }
  return id;
}

/** One-way milliseconds from region to region. One direction is enough; within a region it is 0 unless given. */
export type LatencyTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** About half the round trip that public backbones show between these regions. */
export const realisticLatency: LatencyTable = {
  ams: { ams: 0.5, iad: 42, syd: 130 },
  iad: { iad: 0.5, syd: 100 },
  syd: { syd: 0.5 },
};

/** One-way milliseconds between two regions, `undefined` when the table does not know the pair. */
export function oneWayMs(table: LatencyTable, from: string, to: string): number | undefined {
  return table[from]?.[to] ?? table[to]?.[from] ?? (from === to ? 0 : undefined);
}

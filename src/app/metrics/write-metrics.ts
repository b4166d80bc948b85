import { Counter, Gauge, type Registry } from 'prom-client';
import type { HoldCounts } from '../../cluster/write-hold.ts';

/** Registers what the path of a write and the moves of the lease tell of themselves. */
export function registerWriteMetrics(
  registry: Registry,
  figures: {
    readonly hold: { readonly held: number; readCounts(): HoldCounts };
    readonly readHandoffs: () => Readonly<Record<string, number>>;
  },
): void {
  const registers = [registry];
  const countByOutcome = (name: string, help: string, read: () => object) =>
    new Counter({
      name,
      help,
      labelNames: ['outcome'],
      registers,
      collect() {
        this.reset();
        for (const [outcome, count] of Object.entries(read())) this.inc({ outcome }, count);
      },
    });
  new Gauge({
    name: 'hoplite_writes_held',
    help: 'Writes that wait now because the lease moves.',
    registers,
    collect() {
      this.set(figures.hold.held);
    },
  });
  countByOutcome(
    'hoplite_writes_held_total',
    'Writes that had to wait because the lease moved, by outcome: released, expired, or refused for want of room.',
    () => figures.hold.readCounts(),
  );
  countByOutcome(
    'hoplite_handoffs_total',
    'Times that this node was to hand the lease over, by outcome: handed_over, or why it could not.',
    figures.readHandoffs,
  );
}

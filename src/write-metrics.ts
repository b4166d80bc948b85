import { Counter, Gauge, type Registry } from 'prom-client';
import type { HoldCounts } from './cluster/write-hold.ts';

/** Registers what the path of a write tells of itself. */
export function registerWriteMetrics(
  registry: Registry,
  hold: { readonly held: number; readCounts(): HoldCounts },
): void {
  const registers = [registry];
  new Gauge({
    name: 'hoplite_writes_held',
    help: 'Writes that wait now because the lease moves.',
    registers,
    collect() {
      this.set(hold.held);
    },
  });
  new Counter({
    name: 'hoplite_writes_held_total',
    help: 'Writes that had to wait because the lease moved, by outcome: released, expired, or refused for want of room.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(hold.readCounts()))
        this.inc({ outcome }, count);
    },
  });
}

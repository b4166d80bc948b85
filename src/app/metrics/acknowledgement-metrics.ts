import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Durability } from '../../domain/durability.ts';
import type { AcknowledgementFigures } from '../acknowledged-writes.ts';

/**
 * Adds the numbers of the acknowledgement of writes to a registry. Gives the way to tell of each write that took effect:
 * what is known of it, and how long it waited for that, milliseconds.
 */
export function registerAcknowledgementMetrics(
  registry: Registry,
  figures: () => AcknowledgementFigures,
): (durability: Durability, waitedMs: number) => void {
  const registers = [registry];
  const writes = new Counter({
    name: 'hoplite_writes_total',
    help: 'Writes that took effect here, with a guard, by what is known of them: replicated or local.',
    labelNames: ['durability'],
    registers,
  });
  for (const durability of ['replicated', 'local'] as const) writes.inc({ durability }, 0);
  const waits = new Histogram({
    name: 'hoplite_acknowledgement_seconds',
    help: 'How long writes waited for the other candidate.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const gauge = (
    name: string,
    help: string,
    read: (figures: AcknowledgementFigures) => number | undefined,
  ) =>
    new Gauge({
      name: `hoplite_${name}`,
      help,
      registers,
      collect() {
        const value = read(figures());
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  gauge(
    'acknowledgement_breaker_open',
    '1 while this node is primary and answers writes as local without waiting.',
    ({ isBreakerOpen }) => (isBreakerOpen ? 1 : 0),
  );
  gauge(
    'acknowledgements_waiting',
    'Writes that wait for the other candidate.',
    (it) => it.waiting,
  );
  gauge(
    'lease_fence_open',
    '1 while the guard says that nobody else can hold the lease; absent without a guard.',
    ({ isFenceOpen }) => (isFenceOpen === undefined ? undefined : Number(isFenceOpen)),
  );
  new Gauge({
    name: 'hoplite_other_candidate',
    help: 'The node that has to have a write before it is replicated; absent when there is none.',
    labelNames: ['node'],
    registers,
    collect() {
      this.reset();
      const { otherCandidate } = figures();
      if (otherCandidate !== undefined) this.set({ node: otherCandidate }, 1);
    },
  });
  return (durability, waitedMs) => {
    writes.inc({ durability });
    waits.observe(waitedMs / 1000);
  };
}

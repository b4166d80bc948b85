import { Counter, Gauge, type Registry } from 'prom-client';
import type { ClickFigures } from '../click-path.ts';

/** Adds the numbers of the path of a click to a registry. */
export function registerClickMetrics(registry: Registry, figures: () => ClickFigures): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: (figures: ClickFigures) => number) =>
    new Gauge({
      name: `hoplite_${name}`,
      help,
      registers,
      collect() {
        this.set(read(figures()));
      },
    });
  const counter = (name: string, help: string, read: (figures: ClickFigures) => number) =>
    new Counter({
      name: `hoplite_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(figures()));
      },
    });
  const counterByReason = (
    name: string,
    help: string,
    read: (figures: ClickFigures) => Readonly<Record<string, number>>,
  ) =>
    new Counter({
      name: `hoplite_${name}_total`,
      help,
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(read(figures()))) this.inc({ reason }, count);
      },
    });

  counter('clicks_recorded', 'Clicks that this node has kept.', ({ spool }) => spool.recorded);
  counterByReason(
    'clicks_dropped',
    'Clicks that were answered and could not be kept, by reason.',
    ({ spool }) => spool.dropped,
  );
  counterByReason(
    'clicks_lost',
    'Clicks that were kept and are lost: torn or damaged on the disk, or in batches that are gone.',
    ({ spool, shipper }) => ({ ...spool.lost, gone: shipper.lost }),
  );
  counter(
    'clicks_shipped',
    'Clicks of which the primary has said that they are counted.',
    ({ shipper }) => shipper.clicks,
  );
  counter(
    'click_batches_shipped',
    'Batches that the primary has counted.',
    (it) => it.shipper.batches,
  );
  counter(
    'click_deliveries_failed',
    'Deliveries to the primary that got nowhere.',
    ({ shipper }) => shipper.failures,
  );
  counter(
    'click_conflicts',
    'Batches under whose number another one is counted: a volume was copied or went back in time.',
    ({ shipper }) => shipper.conflicts,
  );
  gauge(
    'clicks_unconfirmed',
    'Clicks that the own copy of the counts does not have yet: what a destroyed disk would lose.',
    ({ spool }) => spool.unconfirmedClicks,
  );
  gauge(
    'clicks_unconfirmed_age_seconds',
    'How long the oldest of these waits.',
    ({ spool }) => spool.oldestUnconfirmedMs / 1000,
  );
  gauge('click_spool_bytes', 'What the spool takes on the disk.', ({ spool }) => spool.bytes);
  gauge('click_spool_batches', 'Batches in the spool.', ({ spool }) => spool.batches);
  gauge(
    'click_spool_moved',
    '1 when the spool was found to be moved or copied from another node or place.',
    ({ spool }) => (spool.isMoved ? 1 : 0),
  );
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Cluster } from '../../domain/cluster.ts';
import { CountedHistogram, type HistogramCounts } from './counted-histogram.ts';

/** The numbers of this process, for Prometheus, and the ways to count. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts hits by what became of them. */
  countHits(outcome: string, count: number): void;
  /** Takes the time of a request of the API or a page. */
  observeRequest(
    labels: { readonly method: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void;
  /** Counts a connection that was closed at once because there were too many. */
  countDropped(): void;
}

/** How often the delay of the event loop is sampled, milliseconds. */
const samplingMs = 10;
const delayQuantiles = [0.5, 0.99, 1] as const;

/** What the redirect path tells of itself. */
export interface RedirectFigures {
  readonly waiting: number;
  readonly cacheBytes: number;
  /** How long redirects took, seconds. */
  readonly times: HistogramCounts;
}

/** Makes the metrics of one app; the event loop's delay and the process's memory are among them. */
export function createMetrics(deps: {
  readonly cluster: Cluster;
  readonly isWriterOpen: () => boolean;
  readonly redirects: () => RedirectFigures | undefined;
  /** How many reads wait for what their bookmark names. */
  readonly bookmarksWaiting: () => number;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const hits = new Counter({
    name: 'hoplite_hits_total',
    help: 'Requests for a slug, by outcome: redirect, or the kind of the failure.',
    labelNames: ['outcome'],
    registers,
  });
  const dropped = new Counter({
    name: 'hoplite_connections_dropped_total',
    help: 'Connections closed at once because MAX_CONNECTIONS were open.',
    registers,
  });
  const requests = new Histogram({
    name: 'hoplite_http_request_seconds',
    help: 'Time to answer a request of the API or a page, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  gauge('hoplite_primary', '1 while this node is the primary.', () =>
    deps.cluster.role().is === 'primary' ? 1 : 0,
  );
  gauge('hoplite_writer_open', '1 while this node can write.', () => (deps.isWriterOpen() ? 1 : 0));
  gauge('hoplite_detached', '1 while this node has links and knows no primary.', () =>
    deps.cluster.role().is === 'detached' ? 1 : 0,
  );
  gauge(
    'hoplite_lag_seconds',
    'Time behind the primary, by its clock; absent when unknown.',
    () => {
      const lagMs = deps.cluster.lagMs();
      return lagMs === undefined ? undefined : lagMs / 1000;
    },
  );
  gauge(
    'hoplite_hits_waiting',
    'Hits that wait for a busy copy, for the primary or for their clicks to be on the disk.',
    () => deps.redirects()?.waiting,
  );
  gauge('hoplite_bookmarks_waiting', 'Reads that wait for what their bookmark names.', () =>
    deps.bookmarksWaiting(),
  );
  gauge('hoplite_link_memory_bytes', 'Links held in memory.', () => deps.redirects()?.cacheBytes);
  new CountedHistogram({
    name: 'hoplite_redirect_seconds',
    help: 'Time from the arrival of a request for a slug to its redirect, in this process.',
    registry,
    read: () => deps.redirects()?.times,
  });
  exposeLoopDelay(registry);
  return {
    registry,
    countHits: (outcome, count) => hits.inc({ outcome }, count),
    observeRequest: (labels, seconds) => requests.observe({ ...labels }, seconds),
    countDropped: () => dropped.inc(),
  };
}

/**
 * Of the delay that the default metrics tell, 10 ms are the time between two samples. Work that stops the thread for
 * less than that is seen in part.
 */
function exposeLoopDelay(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: samplingMs });
  delay.enable();
  new Gauge({
    name: 'hoplite_event_loop_delay_seconds',
    help: 'How late the event loop came to its work since the last look at this; 1 is the maximum.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of delayQuantiles) {
        const lateMs = Math.max(0, delay.percentile(quantile * 100) / 1e6 - samplingMs);
        this.set({ quantile }, lateMs / 1000);
      }
      delay.reset();
    },
  });
}

import { Histogram, type Registry } from 'prom-client';
import type { ObserveRequest } from './request-log.ts';

/** Registers the histogram of answered requests, redirects apart, by the pattern of their route. */
export function createRequestMetrics(registry: Registry): ObserveRequest {
  const histogram = new Histogram({
    name: 'hoplite_http_request_seconds',
    help: 'Time to answer a request other than a redirect',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return (labels, seconds) => histogram.observe(labels, seconds);
}

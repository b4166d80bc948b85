import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { follow, send } from '../support/send.ts';

let running: RunningApp;

beforeEach(async () => {
  running = await runApp();
});

afterEach(() => running[Symbol.asyncDispose]());

it('the metrics hold a histogram of the time that redirects take', async () => {
  const body = { slug: 'my-sale', destination: 'https://example.com/' };
  await send(`${running.baseUrl}/api/v1/links`, { method: 'POST', body });
  for (let at = 0; at < 5; at += 1) await follow(running.baseUrl, 'my-sale');
  await follow(running.baseUrl, 'no-such-link');
  const metrics = await readMetrics();
  expect(metrics.types.get('hoplite_redirect_seconds')).toBe('histogram');
  const buckets = [...metrics.values]
    .filter(([name]) => name.startsWith('hoplite_redirect_seconds_bucket{'))
    .map(([name, value]) => [/le="(.*)"/.exec(name)?.[1], value] as const);
  expect(buckets.map(([bound]) => bound)).toEqual(
    expect.arrayContaining(['0.00005', '0.001', '1', '+Inf']),
  );
  const counts = buckets.map(([, count]) => count);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts.at(-1)).toBe(5);
  expect(metrics.values.get('hoplite_redirect_seconds_count')).toBe(5);
  expect(metrics.values.get('hoplite_redirect_seconds_sum')).toBeGreaterThan(0);
  expect(metrics.values.get('hoplite_hits_total{outcome="redirect"}')).toBe(5);
});

it('the metrics hold how late the event loop came to its work', async () => {
  await readMetrics();
  await severalSamples();
  stopTheThread(60);
  await severalSamples();
  const { values } = await readMetrics();
  const late = [0.5, 0.99, 1].map((quantile) =>
    values.get(`hoplite_event_loop_delay_seconds{quantile="${quantile}"}`),
  );
  expect(late[2]).toBeGreaterThan(0.03);
  expect(late).toEqual(late.toSorted((a = Number.NaN, b = Number.NaN) => a - b));
});

/** Waits until a sampler like that of the metrics has taken samples. */
async function severalSamples(): Promise<void> {
  const sampler = monitorEventLoopDelay({ resolution: 10 });
  sampler.enable();
  await eventually(() => expect(sampler.count).toBeGreaterThan(3));
  sampler.disable();
}

/** Reads what the private port tells: the type of each metric, and the value of each line. */
async function readMetrics() {
  const { text } = await send(`${running.app.privateUrl}/metrics`);
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  const lines = [...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)];
  return {
    types: new Map(types.map(([, name, type]) => [name, type])),
    values: new Map(lines.map(([, name = '', value]) => [name, Number(value)])),
  };
}

function stopTheThread(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

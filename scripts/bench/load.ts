// The load of the benchmark, a program of its own: does one `LoadJob` after another that its parent sends.
//
// A client of our own: autocannon takes more time for a request than the server it measures, so that on one core each
// it is itself what is measured; and wrk, written in C, is no faster than this one while it looks at no answer.

import { setTimeout as delay } from 'node:timers/promises';
import { AnswerCheck } from './answer-check.ts';
import { askInClosedLoop } from './closed-loop.ts';
import { Connection } from './connection.ts';
import { Creators } from './creators.ts';
import {
  type CreateJob,
  type CreateResult,
  connectionCount,
  type LoadJob,
  type LoadResult,
} from './load-job.ts';
import { askAtTimes } from './open-loop.ts';
import { createPick } from './popularity.ts';
import { RequestHead } from './request-head.ts';
import { quantile } from './statistics.ts';

process.on('message', (job: LoadJob | CreateJob) => {
  ('is' in job ? create(job) : run(job)).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit());

async function run({
  port,
  method,
  headers,
  links,
  popularity,
  pace,
}: LoadJob): Promise<LoadResult> {
  const pick = createPick(popularity, links);
  const tookMs: number[] = [];
  const answeredByLink = new Uint32Array(links);
  const record = (link: number, ms: number) => {
    tookMs.push(ms);
    (answeredByLink[link] as number) += 1;
  };
  const check = new AnswerCheck(method);
  const connections = Array.from(
    { length: connectionCount },
    (_, index) => new Connection(port, new RequestHead(method, headers, index), check),
  );
  await Promise.all(connections.map((connection) => connection.opened()));
  using creators = pace.is === 'open' ? new Creators(pace.creatorsPort, pace.creators) : undefined;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await (pace.is === 'closed'
    ? askInClosedLoop(connections, { ...pace, pick, record })
    : askAtTimes(connections, { ...pace, pick, record }));
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const connection of connections) connection.close();
  return {
    answered: tookMs.length,
    perSecond: (tookMs.length * 1000) / elapsedMs,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    busy: (user + system) / 1000 / elapsedMs,
    answeredByLink: method === 'GET' ? answeredByLink : new Uint32Array(links),
    created: creators?.created ?? 0,
  };
}

async function create({ port, clients, seconds }: CreateJob): Promise<CreateResult> {
  const tookMs: number[] = [];
  using creators = new Creators(port, clients, (ms) => tookMs.push(ms));
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await delay(seconds * 1000);
  await creators.finish();
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    created: creators.created,
    perSecond: (creators.created * 1000) / elapsedMs,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    busy: (user + system) / 1000 / elapsedMs,
  };
}

// One server of the benchmark, in a process of its own: `raw`, or `hoplite` with what the environment says.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { destinationOf } from './slugs.ts';

/** What a server tells of itself when it is asked. */
export interface Usage {
  readonly cpuMicros: number;
  readonly rssMb: number;
}

const port = process.argv[2] === 'raw' ? await serveRaw() : await serveHoplite();
process.send?.({ port });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { cpuMicros: user + system, rssMb: process.memoryUsage.rss() / 2 ** 20 };
  process.send?.(usage);
});

/** The least a server can do: Node's own HTTP with its default options and one answer. */
async function serveRaw(): Promise<number> {
  const headers = { Location: destinationOf(0) };
  const server = createServer((_request, response) => {
    response.writeHead(302, headers);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** All of Hoplite, alone. Loaded here, so that the other server is not larger for it. */
async function serveHoplite(): Promise<number> {
  const { startApp } = await import('../../src/app.ts');
  const { readConfig } = await import('../../src/config.ts');
  const app = await startApp(readConfig(process.env));
  return Number(new URL(app.url).port);
}

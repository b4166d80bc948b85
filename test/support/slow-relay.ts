import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { DelayLine } from '../../scripts/edge/delay-line.ts';
import { systemClock } from '../../scripts/edge/edge-clock.ts';
import type { Link } from '../../scripts/edge/link.ts';

/** A TCP listener that passes everything on late, in both directions: a place far away. */
export interface SlowRelay extends AsyncDisposable {
  readonly url: string;
}

/** Starts a relay before what `target` gives for each connection, an origin. */
export async function startSlowRelay(target: () => string, oneWayMs: number): Promise<SlowRelay> {
  const link: Link = {
    region: 'here',
    node: 'there',
    oneWayMs: () => oneWayMs,
    state: () => 'open',
    onChange: () => () => undefined,
  };
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const { hostname, port } = new URL(target());
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    const ways = [
      pipeline(near, new DelayLine(link, systemClock), far),
      pipeline(far, new DelayLine(link, systemClock), near),
    ];
    // A broken connection breaks the other one, as without a relay.
    Promise.all(ways).catch(() => [near, far].map((socket) => socket.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

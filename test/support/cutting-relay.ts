import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between the command line and a node, and breaks connections off. */
export interface CuttingRelay extends AsyncDisposable {
  readonly port: number;
  /** How many connections it broke off. */
  readonly cuts: number;
}

/**
 * Starts a relay to `target` that lets only so many bytes of answers through on each of the first connections, the n-th number for
 * the n-th; later ones are left alone.
 */
export async function startCuttingRelay(
  target: string,
  bytesBeforeCut: readonly number[],
): Promise<CuttingRelay> {
  const { hostname, port } = new URL(target);
  const limits = [...bytesBeforeCut];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const limit = limits.shift() ?? Number.POSITIVE_INFINITY;
    const node = connect(Number(port), hostname);
    let left = limit;
    for (const socket of [client, node]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(node);
    node.on('data', (chunk) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      cuts += 1;
      node.destroy();
      client.end(() => client.resetAndDestroy());
    });
    node.on('end', () => client.end());
    client.on('close', () => node.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

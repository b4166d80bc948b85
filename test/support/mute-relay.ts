import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP listener before another one, which can fall silent as a network does that drops every packet. */
export interface MuteRelay extends AsyncDisposable {
  readonly url: string;
  /** Passes nothing on any more, in either direction, and still accepts connections. */
  mute(): void;
}

/** Starts a relay before what `target` gives for each connection, an origin. */
export async function startMuteRelay(target: () => string): Promise<MuteRelay> {
  let isMute = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const { hostname, port } = new URL(target());
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!isMute) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.once('close', () => {
        sockets.delete(from);
        if (!isMute) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    mute() {
      isMute = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

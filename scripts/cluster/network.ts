import { createServer, type Server } from 'node:net';
import { ClusterFailure } from './cluster-failure.ts';
import { describePortOwner, isFree } from './port-owner.ts';
import { commandHost, consulHost } from './topology.ts';

/** The ports of every node, on an address of its own. */
export const nodePorts = {
  ...{ public: 8080, private: 8081, liteFs: 20202 },
  ...{ guard: 8501, relay: 8502 },
} as const;

/** The ports of Consul's agent. */
export const consulPorts = { http: 8500, server: 8300, serf: 8301 } as const;

/** Networks that are tried when none is asked for. */
const networks = Array.from({ length: 20 }, (_, index) => `127.0.${index + 1}`);

/** Whether `text` is the first three parts of loopback addresses, such as `127.0.2`. */
export function isNetwork(text: string): boolean {
  return /^127(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}$/.test(text);
}

/**
 * A network of loopback addresses that this cluster has for itself, such as 127.0.1. All of 127.0.0.0/8 belongs to
 * the machine on Linux, so no set-up is needed.
 */
export class Network implements AsyncDisposable {
  /** The first three parts of its addresses. */
  readonly prefix: string;
  readonly #claim: Server;

  private constructor(prefix: string, claim: Server) {
    this.prefix = prefix;
    this.#claim = claim;
  }

  /**
   * Takes `wanted`, or the first network on which everything that `hosts` (the nodes' last parts) and Consul need is free.
   * Throws a `ClusterFailure` that names what uses a port.
   */
  static async claim(hosts: readonly number[], wanted?: string): Promise<Network> {
    const obstacles: string[] = [];
    for (const prefix of wanted === undefined ? networks : [wanted]) {
      // Two commands that start at the same time find the same network free; only one gets this listener.
      const claim = await listen(`${prefix}.${commandHost}`);
      const obstacle =
        claim === undefined ? 'another cluster uses it' : await findObstacle(prefix, hosts);
      if (claim !== undefined && obstacle === undefined) return new Network(prefix, claim);
      claim?.close();
      obstacles.push(`${prefix}: ${obstacle}`);
    }
    throw new ClusterFailure(
      wanted === undefined
        ? `No network from ${networks[0]} to ${networks.at(-1)} is free. The first one, ${obstacles[0]}.`
        : `The network cannot be used. ${obstacles[0]}.`,
    );
  }

  /** An address of this network by its last part. */
  address(host: number): string {
    return `${this.prefix}.${host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#claim.close(() => resolve());
    await promise;
  }
}

async function findObstacle(prefix: string, hosts: readonly number[]): Promise<string | undefined> {
  const needed = [
    ...hosts.flatMap((host) => Object.values(nodePorts).map((port) => ({ host, port }))),
    ...Object.values(consulPorts).map((port) => ({ host: consulHost, port })),
  ];
  for (const { host, port } of needed) {
    const address = `${prefix}.${host}`;
    if (!(await isFree(address, port))) {
      return `${address}:${port} is in use by ${describePortOwner(address, port)}`;
    }
  }
  return undefined;
}

function listen(address: string): Promise<Server | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Server | undefined>();
  const server = createServer((socket) => socket.destroy());
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(undefined);
    else reject(error);
  });
  server.listen({ host: address, port: nodePorts.private, exclusive: true }, () => resolve(server));
  return promise;
}

import type { Server, Socket } from 'node:net';
import { formatAddress, type ListenAddress } from './config.ts';
import type { GuardLog } from './log.ts';
import type { GuardMetrics } from './metrics.ts';

const net = process.getBuiltinModule('node:net');

const connectTimeoutMs = 2_000;
/**
 * The primary sends a heartbeat each second (litefs http/server.go, `HeartbeatInterval`). Without this bound a replica
 * notices after minutes that a silent primary is gone (docs/facts.md, "Nobody looks for a primary that is silent").
 */
const silenceMs = 4_000;

/**
 * Stands between this node's LiteFS and that of the primary: passes bytes on, and cuts a stream whose primary has gone
 * silent, so that LiteFS asks Consul anew.
 */
export class Relay {
  /** What LiteFS is told to be the primary's address. */
  readonly url: string;
  readonly #address: ListenAddress;
  readonly #log: GuardLog;
  readonly #metrics: GuardMetrics;
  readonly #server: Server;
  /** Streams by the end that faces LiteFS. */
  readonly #streams = new Map<Socket, Socket>();
  #target: URL | undefined;

  constructor(options: {
    readonly address: ListenAddress;
    readonly log: GuardLog;
    readonly metrics: GuardMetrics;
  }) {
    this.#address = options.address;
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.url = `http://${formatAddress(options.address)}`;
    this.#server = net.createServer((socket) => this.#carry(socket));
  }

  /** How many streams it carries. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Rejects when the address is in use. */
  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(this.#address, resolve);
    await promise;
  }

  /**
   * Names the primary by its advertised URL. Streams to another one are cut: LiteFS takes the relay for one machine and
   * would go on using a connection that leads to the last primary.
   */
  pointTo(primaryUrl: string): void {
    const target = URL.parse(primaryUrl);
    if (target === null || target.href === this.#target?.href) return;
    this.#target = target;
    for (const [inner, outer] of this.#streams) {
      inner.destroy();
      outer.destroy();
    }
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const [inner, outer] of this.#streams) {
      inner.destroy();
      outer.destroy();
    }
    await promise;
  }

  #carry(inner: Socket): void {
    const target = this.#target;
    if (target === undefined) {
      inner.destroy();
      return;
    }
    inner.setNoDelay(true);
    const outer = net.connect({
      host: target.hostname.replace(/^\[|\]$/g, ''),
      port: Number(target.port || 80),
      noDelay: true,
    });
    this.#streams.set(inner, outer);
    let cutFor: string | undefined;
    const cut = (reason: string) => {
      if (cutFor !== undefined) return;
      cutFor = reason;
      this.#metrics.count('relay_cuts_total', { reason });
      this.#log.warn('stream cut', { reason, primary: target.origin });
      outer.destroy();
      inner.destroy();
    };
    let timer = setTimeout(() => cut('no-connection'), connectTimeoutMs);
    const listenOn = () => {
      clearTimeout(timer);
      timer = setTimeout(() => cut('silent'), silenceMs);
    };
    outer.once('connect', listenOn);
    outer.on('data', (chunk: Buffer) => {
      timer.refresh();
      // A LiteFS that reads slowly slows the primary down, and is no sign of a silent one.
      if (!inner.write(chunk)) {
        outer.pause();
        clearTimeout(timer);
      }
    });
    inner.on('drain', () => {
      outer.resume();
      listenOn();
    });
    inner.pipe(outer);
    const end = () => {
      clearTimeout(timer);
      this.#streams.delete(inner);
      inner.destroy();
      outer.destroy();
    };
    outer.once('end', () => inner.end());
    for (const socket of [inner, outer]) {
      socket.on('error', () => undefined);
      socket.once('close', end);
    }
  }
}

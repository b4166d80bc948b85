import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP way to a server that can fall silent, as a network does that drops packets: connections stay open and new ones are
 * taken, but nobody hears anything. When it is healed, what was sent meanwhile arrives.
 */
export class Way implements AsyncDisposable {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  #target: URL | undefined;
  #isSilent = false;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.#keep(socket);
      if (this.#isSilent) this.#waiting.add(socket);
      else this.#join(socket);
    });
  }

  static async open(): Promise<Way> {
    const way = new Way();
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  /** Where it begins. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Says where it leads. */
  leadTo(url: string): void {
    this.#target = new URL(url);
  }

  fallSilent(): void {
    this.#isSilent = true;
    for (const socket of this.#ends) socket.pause();
  }

  heal(): void {
    this.#isSilent = false;
    for (const socket of this.#ends) if (!this.#waiting.has(socket)) socket.resume();
    for (const socket of this.#waiting) this.#join(socket);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#ends) socket.destroy();
    await once(this.#server, 'close');
  }

  #join(inner: Socket): void {
    if (this.#target === undefined) {
      inner.destroy();
      return;
    }
    const outer = connect(Number(this.#target.port), this.#target.hostname);
    this.#keep(outer);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk));
      from.once('end', () => to.end());
      from.once('close', () => {
        if (!this.#isSilent) to.destroy();
      });
    }
    inner.resume();
  }

  #keep(socket: Socket): void {
    this.#ends.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#ends.delete(socket);
      this.#waiting.delete(socket);
    });
  }
}

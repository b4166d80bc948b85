import { connect, type Socket } from 'node:net';

/**
 * Creates links through the API, as `clients` clients that each wait for their answer, until it is disposed of.
 * They speak HTTP in bytes made beforehand, because they run beside a load whose time is measured.
 */
export class Creators implements Disposable {
  /** How many links were created. */
  created = 0;
  readonly #sockets: readonly Socket[];
  readonly #record: (tookMs: number) => void;
  /** How many clients have nothing more to do. */
  #finished = 0;
  #whenFinished: PromiseWithResolvers<void> | undefined;

  /** `record` takes how long each answer took. */
  constructor(port: number, clients: number, record: (tookMs: number) => void = () => undefined) {
    this.#record = record;
    const body = Buffer.from('{"destination":"https://www.example.com/an/imported/page?id=1"}');
    const request = Buffer.concat([
      Buffer.from(
        'POST /api/v1/links HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
          `Content-Length: ${body.length}\r\n\r\n`,
      ),
      body,
    ]);
    this.#sockets = Array.from({ length: clients }, () => this.#create(port, request));
  }

  /** Asks for no more links. Resolves when all that were asked for are there. */
  finish(): Promise<void> {
    this.#whenFinished = Promise.withResolvers();
    return this.#whenFinished.promise;
  }

  #create(port: number, request: Buffer): Socket {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let answer = '';
    socket.setEncoding('latin1');
    let askedAtMs = 0;
    const ask = () => {
      askedAtMs = performance.now();
      socket.write(request);
    };
    socket.once('connect', ask);
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (!isWhole(answer)) return;
      if (!answer.startsWith('HTTP/1.1 201 ')) throw new Error(`no link was created:\n${answer}`);
      this.created += 1;
      answer = '';
      this.#record(performance.now() - askedAtMs);
      if (this.#whenFinished === undefined) ask();
      else this.#end();
    });
    return socket;
  }

  #end(): void {
    this.#finished += 1;
    if (this.#finished === this.#sockets.length) this.#whenFinished?.resolve();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(answer.slice(0, headEnd + 2))?.[1];
  return headEnd >= 0 && answer.length >= headEnd + 4 + Number(length);
}

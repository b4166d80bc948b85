import { connect, type Socket } from 'node:net';

/**
 * Creates links through the API, as `clients` clients that each wait for their answer, until it is disposed of.
 * They speak HTTP in bytes made beforehand, because they run beside a load whose time is measured.
 */
export class Creators implements Disposable {
  /** How many links were created. */
  created = 0;
  readonly #sockets: readonly Socket[];

  constructor(port: number, clients: number) {
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

  #create(port: number, request: Buffer): Socket {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let answer = '';
    socket.setEncoding('latin1');
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (!isWhole(answer)) return;
      if (!answer.startsWith('HTTP/1.1 201 ')) throw new Error(`no link was created:\n${answer}`);
      this.created += 1;
      answer = '';
      socket.write(request);
    });
    return socket;
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

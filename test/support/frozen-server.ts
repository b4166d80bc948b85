import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const program = `
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(String(server.address().port));
});
`;
/** More than a kernel queues for a server that takes no connection and asked for a queue of one. */
const connectionsThatFill = 4;

/** A stopped process whose port takes no more connections: whoever connects hears nothing, neither yes nor no. */
export class FrozenServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #sockets: Socket[];

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
    this.#sockets = Array.from({ length: connectionsThatFill }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
  }

  static async start(): Promise<FrozenServer> {
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    return new FrozenServer(child, Number(String(port)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

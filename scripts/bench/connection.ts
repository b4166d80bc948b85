import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { AnswerCheck } from './answer-check.ts';
import type { RequestHead } from './request-head.ts';

const bufferBytes = 16_384;
const noBytes = Buffer.alloc(0);

/** One connection of the load: a request goes out, and its answer is looked at, whole, before the next one. */
export class Connection {
  /** The link that was asked for last. */
  link = 0;
  /** From when on the wait for its answer counts, milliseconds of `performance.now()`. */
  waitsSinceMs = 0;
  /** Called with each answer. */
  onAnswer: (connection: Connection) => void = () => undefined;
  readonly #head: RequestHead;
  readonly #check: AnswerCheck;
  readonly #socket: Socket;
  /** What came of an answer that comes in parts. */
  #held = noBytes;

  /** An answer that is wrong, or does not come, throws where nobody catches it: then there is nothing to measure. */
  constructor(port: number, head: RequestHead, check: AnswerCheck) {
    this.#head = head;
    this.#check = check;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(bufferBytes),
        callback: (length, buffer) => this.#read(buffer as Buffer, length),
      },
    });
    this.#socket.once('end', () => {
      throw new Error('the server closed a connection');
    });
  }

  /** Resolves when requests can be sent. */
  async opened(): Promise<void> {
    await once(this.#socket, 'connect');
  }

  /** Asks for the n-th link. */
  ask(link: number, waitsSinceMs: number): void {
    this.link = link;
    this.waitsSinceMs = waitsSinceMs;
    this.#head.aim(link);
    this.#socket.write(this.#head.bytes);
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #read(buffer: Buffer, length: number): boolean {
    const { bytes, slugAt } = this.#head;
    const isFirst = this.#held.length === 0;
    const answer = isFirst ? buffer : Buffer.concat([this.#held, buffer.subarray(0, length)]);
    const answerLength = isFirst ? length : answer.length;
    if (this.#check.isWhole(answer, answerLength, bytes, slugAt)) {
      this.#held = noBytes;
      this.onAnswer(this);
    } else {
      this.#held = Buffer.from(answer.subarray(0, answerLength));
    }
    return true;
  }
}

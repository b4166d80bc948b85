import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { DatabaseName } from '../domain/database-name.ts';
import { outcomeUnknown } from '../domain/outcome-unknown.ts';
import type {
  ClickCommands,
  ClickWriter,
  Committed,
  Writer,
  WriterCommands,
  Written,
} from '../domain/writer.ts';
import { fromCarried } from './carried-error.ts';
import { Mailbox, type Waiting } from './mailbox.ts';
import { packClickInput } from './pack-click-input.ts';
import { isBulk, packLinkInput } from './pack-link-input.ts';
import { notMade } from './write-failures.ts';
import type { FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { Opened } from './writer-session.ts';

/** How much may wait for the writer, and how long. */
export interface MailboxLimits {
  /** Commands on `links.db` that may wait, besides those of the running transaction. */
  readonly mailboxSize: number;
  /** The same of `clicks.db`, whose commands are large. */
  readonly clickMailboxSize: number;
  /** After so many milliseconds without an answer from the thread, everything that waits is answered. */
  readonly answerTimeoutMs: number;
  /** How long a disposal waits for what waits, milliseconds. */
  readonly drainTimeoutMs: number;
}

/** A transaction takes at most so many commands, so that none waits long for its neighbours. */
const maxCommandsPerTransaction = 100;
/** A command that has a transaction of its own may take so many times as long as others. */
const aloneTimes = 3;
/** Whoever gets an answer renders it at once, which takes a quarter of a millisecond. */
const answersPerTurn = 8;

const closing = 'The writer of this node is closing.';

/**
 * The main thread's side of the writer: a bounded mailbox for each database in front of the thread. All that waits for
 * one of them goes to the thread as one transaction, as soon as the last one is answered; when both have something,
 * they take turns. Whatever happens to the thread, every command is answered.
 */
export class ThreadedWriter implements Writer, ClickWriter, AsyncDisposable {
  readonly opened: Opened;
  /** Resolves when the thread has ended: with `undefined` after a disposal, else with the reason. */
  readonly ended: Promise<Error | undefined>;
  readonly #worker: Worker;
  readonly #limits: MailboxLimits;
  readonly #links: Mailbox;
  readonly #clicks: Mailbox;
  /** In the order in which they are looked at next. */
  #mailboxes: readonly Mailbox[];
  #running: Waiting[] = [];
  #answerTimer: NodeJS.Timeout | undefined;
  /** Why nothing is taken any more. */
  #refusal: string | undefined;
  #error: Error | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** `worker` runs `serveWriter` and has said `opened`. */
  constructor(worker: Worker, opened: Opened, limits: MailboxLimits) {
    this.opened = opened;
    this.#worker = worker;
    this.#limits = limits;
    this.#links = new Mailbox({
      database: 'links',
      size: limits.mailboxSize,
      perTransaction: maxCommandsPerTransaction,
    });
    this.#clicks = new Mailbox({
      database: 'clicks',
      size: limits.clickMailboxSize,
      perTransaction: 1,
    });
    this.#mailboxes = [this.#links, this.#clicks];
    worker.on('message', (message: FromWriterThread) => this.#hear(message));
    worker.on('error', (error: Error) => {
      this.#error = error;
    });
    this.ended = new Promise((resolve) => {
      worker.once('exit', () => resolve(this.#end()));
    });
  }

  run<Name extends keyof WriterCommands>(
    name: Name,
    input: Parameters<WriterCommands[Name]>[0],
  ): Promise<Written<ReturnType<WriterCommands[Name]>>> {
    return this.#ask(this.#links, name, () => packLinkInput(name, input), isBulk(name));
  }

  count<Name extends keyof ClickCommands>(
    name: Name,
    input: Parameters<ClickCommands[Name]>[0],
  ): Promise<Committed<ReturnType<ClickCommands[Name]>>> {
    return this.#ask(this.#clicks, name, () => packClickInput(input));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #ask<Value>(
    mailbox: Mailbox,
    name: string,
    pack: Waiting['pack'],
    isAlone = false,
  ): Promise<Written<Value>> {
    if (this.#refusal !== undefined) return Promise.reject(notMade(this.#refusal));
    return new Promise((resolve, reject) => {
      mailbox.add({ name, pack, resolve, reject, isAlone });
      this.#sendNext();
    });
  }

  #sendNext(): void {
    if (this.#running.length > 0) return;
    for (const mailbox of this.#mailboxes) {
      this.#running = mailbox.take();
      if (this.#running.length === 0) continue;
      this.#mailboxes = [...this.#mailboxes.filter((other) => other !== mailbox), mailbox];
      this.#send(mailbox.database);
      return;
    }
    this.#onIdle?.();
  }

  #send(database: DatabaseName): void {
    try {
      const packed = this.#running.map(({ name, pack }) => ({ name, ...pack() }));
      const commands = packed.map(({ name, input }) => ({ name, input }));
      this.#worker.postMessage(
        { is: 'run', database, commands } satisfies ToWriterThread,
        packed.flatMap(({ transfer }) => transfer),
      );
    } catch (error) {
      // An input that is not plain data: a defect of the caller.
      for (const { reject } of this.#running.splice(0)) reject(error);
      this.#sendNext();
      return;
    }
    const { answerTimeoutMs } = this.#limits;
    const timeoutMs = this.#running[0]?.isAlone ? answerTimeoutMs * aloneTimes : answerTimeoutMs;
    this.#answerTimer = setInterval(() => this.#giveUp(), timeoutMs).unref();
  }

  #hear(message: FromWriterThread): void {
    clearInterval(this.#answerTimer);
    const running = this.#running.splice(0);
    if (message.is === 'ending') {
      this.#error = fromCarried(message.error);
      this.#refuse('The writer of this node opens again.');
      for (const { reject } of running) reject(notMade('The writer of this node opens again.'));
    } else if (message.is === 'done') {
      void this.#answer(running, message);
      this.#sendNext();
    }
  }

  /** Answers a few in each turn of the event loop, so that a large transaction does not stop it. */
  async #answer(
    commands: readonly Waiting[],
    { outcomes, position }: Extract<FromWriterThread, { is: 'done' }>,
  ): Promise<void> {
    const { epoch, epochTag } = this.opened;
    const written = { position, epoch, epochTag, durability: 'local' } as const;
    for (const [index, { resolve, reject }] of commands.entries()) {
      if (index > 0 && index % answersPerTurn === 0) await nextTurn();
      const outcome = outcomes[index];
      if (outcome === undefined) reject(outcomeUnknown());
      else if ('error' in outcome) reject(fromCarried(outcome.error));
      else resolve({ value: outcome.value, ...written } as never);
    }
  }

  /**
   * Answers everything while the thread is stuck, as it is on a LiteFS that hangs. What it runs stays in its place,
   * so that nothing is sent before it has answered.
   */
  #giveUp(): void {
    for (const { reject } of this.#running) reject(outcomeUnknown());
    for (const mailbox of this.#mailboxes) mailbox.refuse('The writer is stuck.');
  }

  #refuse(reason: string): void {
    this.#refusal = reason;
    for (const mailbox of this.#mailboxes) mailbox.refuse(reason);
  }

  #end(): Error | undefined {
    clearInterval(this.#answerTimer);
    this.#refuse('The writer of this node has ended.');
    for (const { reject } of this.#running.splice(0)) reject(outcomeUnknown(this.#error));
    this.#onIdle?.();
    if (this.#error !== undefined) return this.#error;
    return this.#closing === undefined ? new Error('the writer thread ended') : undefined;
  }

  async #close(): Promise<void> {
    this.#refusal ??= closing;
    if (await this.#drain()) {
      this.#worker.postMessage({ is: 'close' } satisfies ToWriterThread);
    } else {
      this.#refuse(closing);
      this.#giveUp();
      await this.#worker.terminate();
    }
    await this.ended;
  }

  /** Resolves to true when nothing runs or waits any more, false when that takes too long. */
  async #drain(): Promise<boolean> {
    if (this.#running.length === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, this.#limits.drainTimeoutMs, false);
    this.#onIdle = () => resolve(true);
    const isDrained = await promise;
    clearTimeout(timer);
    return isDrained;
  }
}

import type { MessagePort } from 'node:worker_threads';
import type { DatabaseName } from '../domain/database-name.ts';
import type { ClickCommands } from '../domain/writer.ts';
import { toCarried } from './carried-error.ts';
import { type Command, type Committed, Superseded } from './group-commit.ts';
import { resultBuffers } from './pack-link-input.ts';
import type { CarriedCommand, FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { WriterOptions } from './writer-options.ts';
import type { WriterSession } from './writer-session.ts';

/**
 * Serves the main thread through `port`: opens the writer once it is told with what, then runs what comes, one
 * transaction a message, until it is told to close. Says why when it cannot open, and when it must not go on. An
 * error that is neither ends the thread.
 */
export function serveWriter(
  port: MessagePort,
  openSession: (options: WriterOptions) => WriterSession,
): void {
  let session: WriterSession | undefined;
  port.on('message', (message: ToWriterThread) => {
    switch (message.is) {
      case 'open':
        return open(message.options);
      case 'run':
        return run(message.database, message.commands);
      case 'close':
        return close();
    }
  });

  function open(options: WriterOptions): void {
    try {
      session = openSession(options);
    } catch (error) {
      say({ is: 'refused', error: toCarried(error) });
      port.close();
      return;
    }
    say({ is: 'opened', opened: session.opened });
  }

  function run(database: DatabaseName, commands: readonly CarriedCommand[]): void {
    try {
      const { outcomes, position } = commit(database, commands);
      const carried = outcomes.map((outcome) =>
        'error' in outcome ? { error: toCarried(outcome.error) } : outcome,
      );
      const buffers = carried.flatMap((outcome, index) =>
        'value' in outcome ? resultBuffers(commands[index]?.name ?? '', outcome.value) : [],
      );
      say({ is: 'done', outcomes: carried, position }, buffers);
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      say({ is: 'ending', error: toCarried(error) });
      close();
    }
  }

  /** A name that no command has is a defect that the command itself is answered with. */
  function commit(database: DatabaseName, commands: readonly CarriedCommand[]): Committed {
    if (session === undefined) throw new Error('the writer is not open');
    switch (database) {
      case 'links':
        return session.commits.run(commands as readonly Command[]);
      case 'clicks':
        return session.counts.run(commands as readonly Command<ClickCommands>[]);
    }
  }

  function close(): void {
    session?.[Symbol.dispose]();
    port.close();
  }

  function say(message: FromWriterThread, transfer: readonly ArrayBuffer[] = []): void {
    port.postMessage(message, transfer);
  }
}

import type { MessagePort } from 'node:worker_threads';
import { toCarried } from './carried-error.ts';
import { Superseded } from './group-commit.ts';
import type { FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { WriterSession } from './writer-session.ts';

/**
 * Serves the main thread through `port`: opens the writer, then runs what comes, one transaction a message,
 * until it is told to close. Says why when it cannot open, and when it must not go on. An error that is
 * neither ends the thread.
 */
export function serveWriter(port: MessagePort, open: () => WriterSession): void {
  let session: WriterSession;
  try {
    session = open();
  } catch (error) {
    say({ is: 'refused', error: toCarried(error) });
    port.close();
    return;
  }
  port.on('message', (message: ToWriterThread) => {
    if (message.is === 'close') close();
    else run(message.commands);
  });
  say({ is: 'opened', opened: session.opened });

  function run(commands: Parameters<WriterSession['commits']['run']>[0]): void {
    try {
      const { outcomes, position } = session.commits.run(commands);
      const carried = outcomes.map((outcome) =>
        'error' in outcome ? { error: toCarried(outcome.error) } : outcome,
      );
      say({ is: 'done', outcomes: carried, position });
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      say({ is: 'ending', error: toCarried(error) });
      close();
    }
  }

  function close(): void {
    session[Symbol.dispose]();
    port.close();
  }

  function say(message: FromWriterThread): void {
    port.postMessage(message);
  }
}

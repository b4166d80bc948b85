import { parentPort, workerData } from 'node:worker_threads';
import { toCarried } from './carried-error.ts';
import { Superseded } from './group-commit.ts';
import type { FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { WriterOptions } from './writer-options.ts';
import { openWriterSession, type WriterSession } from './writer-session.ts';

/*
 * Program of the writer's thread. A commit blocks its thread for 7 to 9 ms on LiteFS; here it stops no
 * redirect.
 */

if (parentPort === null) throw new Error('this is the program of a worker thread');
const port = parentPort;

function say(message: FromWriterThread): void {
  port.postMessage(message);
}

function serve(session: WriterSession): void {
  port.on('message', (message: ToWriterThread) => {
    if (message.is === 'close') {
      session[Symbol.dispose]();
      port.close();
      return;
    }
    try {
      const { outcomes, position } = session.commits.run(message.commands);
      say({
        is: 'done',
        position,
        outcomes: outcomes.map((outcome) =>
          'error' in outcome ? { error: toCarried(outcome.error) } : outcome,
        ),
      });
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      say({ is: 'ending', error: toCarried(error) });
      session[Symbol.dispose]();
      port.close();
    }
  });
  say({ is: 'opened', opened: session.opened });
}

try {
  serve(openWriterSession(workerData as WriterOptions));
} catch (error) {
  say({ is: 'refused', error: toCarried(error) });
  port.close();
}

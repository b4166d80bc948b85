import { parentPort } from 'node:worker_threads';
import { serveWriter } from '../../src/storage/serve-writer.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { ChangeCounterPosition } from './change-counter.ts';

/* Program of a writer's thread on databases whose change counters play LiteFS's positions. */

if (parentPort === null) throw new Error('this is the program of a worker thread');
serveWriter(parentPort, (options) =>
  openWriterSession(options, {
    links: new ChangeCounterPosition(options.file),
    clicks: new ChangeCounterPosition(options.clicks.file),
  }),
);

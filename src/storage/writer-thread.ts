import { parentPort, workerData } from 'node:worker_threads';
import { serveWriter } from './serve-writer.ts';
import type { WriterOptions } from './writer-options.ts';
import { openWriterSession } from './writer-session.ts';

/*
 * Program of the writer's thread. A commit blocks its thread for 7 to 9 ms on LiteFS; here it stops no
 * redirect.
 */

if (parentPort === null) throw new Error('this is the program of a worker thread');
serveWriter(parentPort, () => openWriterSession(workerData as WriterOptions));

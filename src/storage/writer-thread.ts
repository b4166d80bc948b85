import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { serveWriter } from './serve-writer.ts';
import { openWriterSession } from './writer-session.ts';

/*
 * Program of the writer's thread. A commit blocks its thread for 7 to 9 ms on LiteFS; here it stops no
 * redirect.
 */

/**
 * On a busy core redirects run first and merges of clicks in what they leave, a tenth of it at least: the p99 of
 * redirects during a merge is half of what it is among equals. Not 19, the lowest: who reads waits while a commit has the
 * lock.
 */
const niceness = 10;

if (parentPort === null) throw new Error('this is the program of a worker thread');
serveWriter(parentPort, (options) => {
  const session = openWriterSession(options);
  // Only now: until it is open, nobody can write.
  letOthersGoFirst();
  return session;
});

/** Of this thread alone, on Linux; elsewhere it would be that of the whole process. */
function letOthersGoFirst(): void {
  if (process.platform === 'linux') setPriority(Math.max(getPriority(), niceness));
}

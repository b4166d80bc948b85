// The load of the benchmark, in a process of its own: `load.ts <port> <links> <seconds>` asks for so many links,
// each as often as the others; with 0 seconds, for each of them once.
//
// A client of our own rather than autocannon: that one takes more time for a request than the server it measures
// (21 µs against 14), so that on one core each it is itself what is measured. This one sends bytes made beforehand
// and looks for the one header that matters, in half the time.

import { connect } from 'node:net';
import { destinationOf, slugOf } from './slugs.ts';

/** What one run of load came to. */
export interface LoadResult {
  readonly perSecond: number;
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const connections = 64;
const [port = 0, links = 1, seconds = 1] = process.argv.slice(2).map(Number);
const requests = Array.from({ length: links }, (_, n) =>
  Buffer.from(`GET /${slugOf(n)} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
);
const latencies: number[] = [];
let swept = 0;
const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(Array.from({ length: connections }, hitUntilEnd));
const sorted = Float64Array.from(latencies).sort();
const result: LoadResult = {
  perSecond: (latencies.length * 1000) / (performance.now() - start),
  answered: latencies.length,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
};
process.send?.(result, () => process.disconnect());

/** One connection: the next request goes out when the answer to the last one is there, whole and right. */
function hitUntilEnd(): Promise<void> {
  return new Promise((resolve, reject) => {
    let link = 0;
    let sentAt = 0;
    let answer = '';
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(16_384),
        callback(length, buffer) {
          answer += (buffer as Buffer).toString('latin1', 0, length);
          const isWhole = answer.endsWith('\r\n\r\n');
          if (!isWhole && answer.startsWith('HTTP/1.1 302')) return true;
          if (!isWhole || !answer.includes(`\r\nLocation: ${destinationOf(link)}\r\n`)) {
            socket.destroy(new Error(`wrong answer for ${slugOf(link)}: ${answer}`));
            return false;
          }
          const now = performance.now();
          latencies.push(now - sentAt);
          send(now);
          return true;
        },
      },
    });
    socket.once('connect', () => send(performance.now()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed a connection')));

    function send(now: number): void {
      if (seconds === 0 ? swept === links : now >= end) {
        resolve();
        socket.end();
        return;
      }
      link = seconds === 0 ? swept++ : Math.floor(Math.random() * links);
      sentAt = now;
      answer = '';
      socket.write(requests[link] as Buffer);
    }
  });
}

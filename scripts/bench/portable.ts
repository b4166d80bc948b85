// `npm run bench:portable`: how fast links are exported and imported, and what redirects feel of it meanwhile.
//
// One machine alone, started as `npm start` does, on all cores of this one, and the command line beside it. Somebody follows
// links all the time: 200 times a second, counted from when it was due. With --links N another number, by default a million.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Agent, get } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { findFreePort } from '../../test/support/free-port.ts';
import { projectDir } from '../cluster/programs.ts';
import { layOut } from '../cluster/table.ts';
import { startHopliteProcess } from './hoplite.ts';
import { openBench } from './open-bench.ts';
import type { ServerProcess } from './server-process.ts';
import { quantile } from './statistics.ts';
import { readUsage } from './usage.ts';

const { values: options } = parseArgs({
  options: { links: { type: 'string', default: '1000000' } },
});
const links = Number(options.links);
const askEveryMs = 5;
const lookEveryMs = 100;
const hoplite = join(projectDir, 'src/cli/hoplite.ts');
const tally = z.object({ created: z.number(), unchanged: z.number(), failed: z.number() });

/** An app and how the command line finds it. */
interface Node extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly env: Readonly<Record<string, string>>;
}

const bench = openBench('portable');
const { folder, stop } = bench;
const rows: string[][] = [
  ['', 'rows/s', 'redirect p50 ms', 'p99 ms', 'command CPU µs/row', 'app CPU µs/row', 'command MB'],
];
await bench.run(async () => {
  await run();
  console.log(layOut(rows).join('\n'));
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${links} links; ${availableParallelism()} cores, load ${load}`);
});

async function run(): Promise<void> {
  const lines = join(folder, 'links.jsonl');
  const table = join(folder, 'links.csv');
  await pipeline(Readable.from(makeLines()), createWriteStream(lines));
  {
    await using node = await startNode('first');
    const slug = await makeProbe(node);
    await measure('nothing else', node, slug, () => delay(5_000, undefined));
    await measure('import of JSON Lines', node, slug, () => importFile(node, lines, 'created'));
    await measure('the same again', node, slug, () => importFile(node, lines, 'unchanged'));
    await measure('dry run', node, slug, () => importFile(node, lines, 'unchanged', '--dry-run'));
    const exportTo = (file: string, form: string) =>
      command(node, ['export', '--format', form, '--output', file]);
    await measure('export of JSON Lines', node, slug, () =>
      exportTo(join(folder, 'o.jsonl'), 'jsonl'),
    );
    await measure('export of CSV', node, slug, () => exportTo(table, 'csv'));
  }
  await using other = await startNode('second');
  const slug = await makeProbe(other);
  await measure('import of CSV', other, slug, () => importFile(other, table, 'created'));
}

async function startNode(name: string): Promise<Node> {
  const privatePort = await findFreePort();
  const env = { DATA_DIR: join(folder, name), PRIVATE_PORT: String(privatePort) };
  const server = await startHopliteProcess({ privatePort, env, core: 'any', signal: stop });
  return { server, env, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Makes the link that is followed, and gives its slug. */
async function makeProbe({ server }: Node): Promise<string> {
  const answer = await fetch(`${server.origin}/?url=https://example.com/probe`, { method: 'POST' });
  return new URL(await answer.text()).pathname.slice(1);
}

interface Spent {
  readonly cpuMicros: number;
  readonly peakMb: number;
}

async function measure(
  name: string,
  { server }: Node,
  slug: string,
  work: () => Promise<Spent | undefined>,
): Promise<void> {
  const visitor = follow(`${server.origin}/${slug}`);
  const before = server.usage().cpuMicros;
  const startedMs = performance.now();
  const spent = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  const appMicros = server.usage().cpuMicros - before;
  const tookMs = await visitor.stop();
  const perRow = (micros: number) => (micros / links).toFixed(1);
  rows.push([
    name,
    spent ? (links / seconds).toFixed(0) : '',
    quantile(tookMs, 0.5).toFixed(2),
    quantile(tookMs, 0.99).toFixed(2),
    spent ? perRow(spent.cpuMicros) : '',
    spent ? perRow(appMicros) : '',
    spent ? spent.peakMb.toFixed(0) : '',
  ]);
  console.error(rows.at(-1)?.join('  '));
}

async function importFile(
  node: Node,
  file: string,
  fate: 'created' | 'unchanged',
  ...more: readonly string[]
): Promise<Spent> {
  const { stdout, ...spent } = await command(node, ['import', file, '--json', ...more]);
  const counts = tally.parse(JSON.parse(stdout));
  if (counts[fate] < links || counts.failed > 0) throw new Error(`not all were ${fate}: ${stdout}`);
  return spent;
}

/** Runs `hoplite`, and looks at it while it runs: afterwards the kernel has forgotten what it took. */
async function command(
  { env }: Node,
  args: readonly string[],
): Promise<Spent & { readonly stdout: string }> {
  const child = spawn(process.execPath, [hoplite, ...args], {
    env: { ...env, NODE_COMPILE_CACHE: join(projectDir, 'node_modules/.cache/node') },
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: stop,
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const spent = { cpuMicros: 0, peakMb: 0 };
  const timer = setInterval(() => look(child, spent), lookEveryMs);
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`hoplite ${args.join(' ')} ended with ${exitCode}`);
  return { ...spent, stdout };
}

function look(child: ChildProcess, spent: { cpuMicros: number; peakMb: number }): void {
  try {
    const { cpuMicros, peakRssMb } = readUsage(child.pid as number);
    if (Number.isFinite(peakRssMb)) Object.assign(spent, { cpuMicros, peakMb: peakRssMb });
  } catch {
    // It has just ended.
  }
}

/** Asks at fixed times, so that an answer that is late does not put off the next question. */
function follow(url: string): { stop(): Promise<readonly number[]> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const tookMs: number[] = [];
  const asked: Promise<void>[] = [];
  const startMs = performance.now();
  let isOver = false;
  const ask = (dueMs: number) =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent }, (response) => {
        if (response.statusCode !== 302) reject(new Error(`a redirect was ${response.statusCode}`));
        tookMs.push(performance.now() - dueMs);
        response.resume().on('end', resolve);
      }).on('error', reject);
    });
  const asking = (async () => {
    for (let dueMs = startMs; !isOver; dueMs += askEveryMs) {
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 0) await delay(earlyMs);
      asked.push(ask(dueMs));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await asking;
      await Promise.all(asked);
      agent.destroy();
      return tookMs;
    },
  };
}

/** Links as a shortener has them after some years, in the order they were made: their slugs have none. */
function* makeLines(): Generator<string> {
  const beginMs = Date.UTC(2022, 0, 1);
  const alphabet = '23456789abcdefghjkmnpqrstuvwxyz';
  for (let n = 0; n < links; n += 1) {
    // Every number once, far from its neighbours: 31 and 15_485_863 have no common divisor.
    let rest = (n * 15_485_863) % 31 ** 6;
    let slug = '';
    for (let place = 0; place < 6; place += 1) {
      slug += alphabet[rest % 31];
      rest = Math.floor(rest / 31);
    }
    const time = new Date(beginMs + n * 60_000).toISOString();
    const destination = `https://www.example.com/articles/${n}?utm_source=newsletter&utm_campaign=${n % 97}`;
    const title = n % 3 === 0 ? `Article number ${n}` : null;
    yield `${JSON.stringify({ slug, destination, title, createdAt: time, updatedAt: time })}\n`;
  }
}

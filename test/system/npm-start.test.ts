import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isFree } from '../../scripts/cluster/port-owner.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { follow, send } from '../support/send.ts';

/** `npm start` on a fresh clone reaches its first redirect within 60 s; a busy machine gets more. */
const startMs = 120_000;

test('npm start in a fresh clone shortens 1,000 links, and has them all after a restart', async () => {
  // A hidden folder, with a space.
  const folder = mkdtempSync(join(tmpdir(), '.hoplite clone-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true }));
  await promisify(execFile)('git', ['clone', '--quiet', projectDir, folder]);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const links = new Map(destinations().map((destination) => [destination, '']));

  const first = stack.use(await start(folder, port));
  const left = [...links.keys()];
  const work = async () => {
    for (let destination = left.pop(); destination !== undefined; destination = left.pop()) {
      const made = await send(`${origin}/api/v1/links`, { method: 'POST', body: { destination } });
      expect(made, destination).toMatchObject({ status: 201 });
      const { slug } = JSON.parse(made.text);
      links.set(destination, slug);
      expect(await follow(origin, slug)).toBe(`302 ${destination}`);
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
  for (const path of ['/', '/docs', '/docs/swagger-ui-bundle.js', '/docs/initializer.js']) {
    expect(await send(`${origin}${path}`), path).toMatchObject({ status: 200 });
  }
  await first.stop();

  stack.use(await start(folder, port));
  for (const [destination, slug] of links) {
    expect(await follow(origin, slug)).toBe(`302 ${destination}`);
  }
  expect(new Set(links.values()).size).toBe(1_000);
});

/** Runs `npm start` as a newcomer does, with the Node of the machine and none of this project's. */
async function start(folder: string, port: number) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules'));
  const { HOME } = process.env;
  const child = spawn('npm', ['start'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      HOME,
      PATH: path.join(delimiter),
      PORT: String(port),
      PRIVATE_PORT: '0',
      WRITES_PER_MINUTE: '1000000',
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    // npm alone, as a supervisor does: it has to pass the signal on.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    // npm may end before the app does.
    await until(() => isFree('127.0.0.1', port), { what: 'the app has ended', timeoutMs: 15_000 });
  };
  await using stack = new AsyncDisposableStack();
  stack.defer(stop);
  await until(
    async () => {
      expect(child.exitCode, printed).toBeNull();
      return fetch(`http://127.0.0.1:${port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    },
    { what: 'npm start serves', timeoutMs: startMs },
  );
  // It says where it listens, where its data lies, and what to try.
  expect(printed).toContain(`:${port}`);
  expect(printed).toContain(join(folder, 'data'));
  expect(printed).toContain('curl');
  stack.move();
  return { stop, [Symbol.asyncDispose]: stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A thousand URLs of the forms that people shorten, as the URL parser writes them. */
function destinations(): string[] {
  const forms = [
    (n: number) => `https://shop.example.com/products/${n}?utm_source=newsletter&utm_medium=email`,
    (n: number) => `https://maps.example.com/@52.37${n},4.89${n},15z/data=!3m1!4b1`,
    (n: number) => `https://docs.example.org/d/1aZ${n}_x-Y/edit#heading=h.${n}`,
    (n: number) => `https://video.example.net/watch?v=dQw${n}&t=${n}s&list=PL%2B${n}`,
    (n: number) => `https://example.com/wiki/Caf%C3%A9_(disambiguation)_${n}`,
    (n: number) => `http://xn--bcher-kva.example/${n}/?q=a+b&empty=`,
    (n: number) => `https://user-${n}.pages.example.com/2026/01/31/post-title-${n}/`,
    (n: number) => `https://example.com:8443/path;v=${n}?redirect=https%3A%2F%2Fexample.org%2F${n}`,
    (n: number) => `https://forms.example.com/${'long/'.repeat(40)}${n}`,
    (n: number) => `https://example.com/download/Report%20${n}.pdf`,
  ];
  return Array.from({ length: 1_000 }, (_, n) =>
    (forms[n % forms.length] as (n: number) => string)(n),
  );
}

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../src/listen.ts';
import { createBoundedServer, type ServerBounds } from '../../src/redirect/bounded-server.ts';
import { serverLimits, serverOptions } from '../../src/redirect/server-options.ts';
import { eventually } from '../support/eventually.ts';
import { makeLink } from '../support/make-link.ts';
import { exchangeRaw, openRaw, rawRequest, readToEnd } from '../support/raw-http.ts';
import { type RedirectServer, startRedirectServer } from '../support/start-redirect-server.ts';

let server: RedirectServer;
const sockets: Socket[] = [];

beforeEach(() => start());

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server[Symbol.asyncDispose]();
});

/** Bounds that a test can wait for, looked at as often in proportion as the real ones. */
const soon = { headersTimeout: 300, connectionsCheckingInterval: 60 };
const last = ['Connection: close'];

describe('the head of a request', () => {
  it.each([
    ['that stops in the middle', 'GET /sale HTTP/1.1\r\nHost: go.exam'],
    ['without a single byte', ''],
  ])('%s is given up on', async (_, bytes) => {
    await restart(soon);
    const socket = await open();
    socket.write(bytes);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect((await server.fetch('/sale')).status).toBe(302);
  });

  it('is given up on however steadily it trickles', async () => {
    await restart(soon);
    const socket = await open();
    const trickle = setInterval(() => socket.write('X-A: b\r\n'), 5);
    socket.write('GET /sale HTTP/1.1\r\n');
    // Bytes that meet the closed connection reset it, and the answer may go with it.
    const answer = await readToEnd(socket).catch(String);
    clearInterval(trickle);
    expect(answer).toMatch(/^(HTTP\/1\.1 408 |Error: (read ECONNRESET|write EPIPE))/);
  });

  it('that stops is given up on behind an answered one, too', async () => {
    await restart(soon);
    const socket = await open();
    socket.write(`${rawRequest('/sale')}GET /sale HTTP/1.1\r\n`);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 302 .*HTTP\/1\.1 408 /s);
  });

  it('may be as long as is said, and no longer', async () => {
    const room = serverOptions.maxHeaderSize - rawRequest('/sale?', { headers: last }).length;
    for (const [length, status] of [
      [room - 100, 302],
      [room + 100, 431],
    ] as const) {
      const target = `/sale?${'a'.repeat(length)}`;
      const answer = await exchangeRaw(server.port, rawRequest(target, { headers: last }));
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });

  it('may have as many headers as is said, and no more', async () => {
    // `Host` and `Connection` are two of them.
    const room = serverLimits.maxHeadersCount - 2;
    for (const [count, status] of [
      [room, 302],
      [room + 1, 431],
    ] as const) {
      const headers = [...last, ...Array.from({ length: count }, (_, at) => `X-${at}: a`)];
      const answer = await exchangeRaw(server.port, rawRequest('/sale', { headers }));
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });
});

describe('the body of a request', () => {
  it('that does not come is given up on', async () => {
    const bounds = { ...soon, requestTimeout: 320 };
    await using bounded = await listen(
      createBoundedServer((request, response) => {
        request.resume().on('end', () => response.end('whole'));
      }, bounds),
      { host: '127.0.0.1', port: 0, variable: 'PORT' },
    );
    const port = Number(new URL(bounded.url).port);
    expect(await exchangeRaw(port, rawPost('hello', 5))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await exchangeRaw(port, rawPost('hel', 5))).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a connection', () => {
  it('that is not used is ended, with a word to the client beforehand', async () => {
    await restart({ keepAliveTimeout: 20 });
    const socket = await open();
    socket.write(rawRequest('/sale'));
    expect(await readToEnd(socket)).toMatch(/\r\nKeep-Alive: timeout=65\r\n\r\n$/);
  });

  it('carries any number of requests', async () => {
    const count = 3000;
    const bytes = rawRequest('/sale').repeat(count) + rawRequest('/sale', { headers: last });
    const answers = await exchangeRaw(server.port, bytes);
    expect(answers.match(/^HTTP\/1\.1 302 /gm)).toHaveLength(count + 1);
    expect(serverLimits.maxRequestsPerSocket).toBe(0);
  });

  it('is one of so many; a further one is closed at once, and the others go on', async () => {
    await restart({ maxConnections: 3 });
    let dropped = 0;
    server.http.on('drop', () => {
      dropped += 1;
    });
    const open3 = await Promise.all([open(), open(), open()]);
    for (const socket of open3) await ask(socket);
    expect(await exchangeRaw(server.port, rawRequest('/sale')).catch(String)).toMatch(
      /^(|Error: (read ECONNRESET|write EPIPE))$/,
    );
    expect(dropped).toBe(1);
    for (const socket of open3) await ask(socket);
    open3[0]?.end();
    await eventually(async () => ask(await open()));
  });
});

describe('the bounds', () => {
  it('hold together', () => {
    // Timeouts hold by as much as they are looked at, and a head is part of a request.
    expect(serverOptions.headersTimeout).toBeGreaterThanOrEqual(
      5 * serverOptions.connectionsCheckingInterval,
    );
    expect(serverOptions.requestTimeout).toBeGreaterThan(serverOptions.headersTimeout);
    // Longer than the proxies in front of it keep theirs.
    expect(serverOptions.keepAliveTimeout).toBeGreaterThan(60_000);
  });

  it('are those of every server', async () => {
    expect(server.http).toMatchObject({
      headersTimeout: serverOptions.headersTimeout,
      requestTimeout: serverOptions.requestTimeout,
      keepAliveTimeout: serverOptions.keepAliveTimeout,
      ...serverLimits,
    });
  });
});

describe('a thousand slow connections', () => {
  it('stop no redirect', async () => {
    const slow = await Promise.all(Array.from({ length: 1000 }, open));
    const closed = slow.map((socket) => once(socket.resume(), 'close'));
    const head = [...'GET /sale HTTP/1.1\r\nHost: go.example.com\r\nX-Slow: '];
    // All of them speak, one byte at a time, while somebody else follows a link after each byte.
    for (const byte of head) {
      for (const socket of slow) socket.write(byte);
      expect((await server.fetch('/sale')).status).toBe(302);
    }
    for (const socket of slow) socket.write('a\r\nConnection: close\r\n\r\n');
    await Promise.all(closed);
    expect(server.outcomes).toEqual(new Map([['redirect', head.length + slow.length]]));
  });
});

async function start(bounds: ServerBounds = {}): Promise<void> {
  server = await startRedirectServer({ bounds });
  server.store.put(makeLink());
}

async function restart(bounds: ServerBounds): Promise<void> {
  await server[Symbol.asyncDispose]();
  await start(bounds);
}

/** Opens a connection that ends with the test, or when the server says so. */
async function open(): Promise<Socket> {
  const socket = await openRaw(server.port);
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Follows the link over an open connection. */
async function ask(socket: Socket): Promise<void> {
  const closed = once(socket, 'close').then(() => ['closed']);
  const answered = Promise.race([once(socket, 'data'), closed]);
  socket.write(rawRequest('/sale'));
  expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 302 /);
}

function rawPost(body: string, length: number): string {
  const headers = [`Content-Length: ${length}`, ...last];
  return rawRequest('/', { method: 'POST', headers }) + body;
}

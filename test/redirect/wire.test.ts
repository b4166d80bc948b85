import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClientErrorHandler } from '../../src/http/client-error.ts';
import { serverOptions } from '../../src/redirect/server-options.ts';
import { eventually } from '../support/eventually.ts';
import { makeLink } from '../support/make-link.ts';
import { exchangeRaw, openRaw, rawRequest, readToEnd } from '../support/raw-http.ts';
import { type RedirectServer, startRedirectServer } from '../support/start-redirect-server.ts';

let server: RedirectServer;

beforeEach(async () => {
  server = await startRedirectServer();
  server.store.put(makeLink());
});

afterEach(() => server[Symbol.asyncDispose]());

const last = ['Connection: close'];

/** The whole answer to a hit on the plain link, byte by byte. */
const redirect = [
  'HTTP/1.1 302 Found',
  'Location: https://example.com/',
  'Cache-Control: private, no-store',
  'X-Robots-Tag: noindex',
  'Content-Length: 0',
  'Date: Thu, 01 Jan 2026 00:00:00 GMT',
  'Connection: keep-alive',
  'Keep-Alive: timeout=65',
  '\r\n',
].join('\r\n');

describe('a redirect on the wire', () => {
  it('is this and nothing else, for GET and HEAD', async () => {
    const bytes = rawRequest('/sale') + rawRequest('/sale', { method: 'HEAD' });
    const answers = await exchangeRaw(server.port, bytes + rawRequest('/x/y', { headers: last }));
    expect(answers.startsWith(redirect + redirect)).toBe(true);
    expect(answers.slice(2 * redirect.length)).toMatch(/^HTTP\/1\.1 418/);
  });

  it('says the time of its answer', async () => {
    const answers = [];
    for (const ms of [0, 999, 1, 3_600_000]) {
      server.clock.advance(ms);
      answers.push((await server.fetch('/sale')).headers.get('date'));
    }
    expect(answers.map((date) => date?.slice(17, 25))).toEqual([
      '00:00:00',
      '00:00:00',
      '00:00:01',
      '01:00:01',
    ]);
  });

  it('has the same head, but for the connection, when that closes after it', async () => {
    const answer = await exchangeRaw(server.port, rawRequest('/sale', { headers: last }));
    const [head, ...bodies] = answer.split('\r\n\r\n');
    const expected = redirect.trimEnd().split('\r\n').slice(0, -2);
    const lines = head?.split('\r\n').map((line) => line.replace(/^Date: .*/, expected[5] ?? ''));
    expect(lines).toEqual([...expected, 'Connection: close']);
    expect(bodies).toEqual(['']);
  });

  it.each([
    ['HTTP/1.0', [], 'Connection: close'],
    ['HTTP/1.0', ['Connection: keep-alive'], 'Connection: keep-alive'],
    ['HTTP/1.1', ['Connection: close'], 'Connection: close'],
    ['HTTP/1.1', ['Connection: keep-alive'], 'Connection: keep-alive'],
  ])('over %s with %j says %s', async (version, headers, connection) => {
    const socket = await openRaw(server.port);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk;
    });
    socket.write([`GET /sale ${version}`, 'Host: a', ...headers, '\r\n'].join('\r\n'));
    await eventually(() => expect(answer).toContain('\r\n\r\n'));
    expect(answer).toContain(`\r\n${connection}\r\n`);
    socket.destroy();
  });

  it('keeps its place among pipelined answers, those that wait and those of Express included', async () => {
    server.store.put(
      makeLink({ slug: 'b', redirectCode: 307 }),
      makeLink({ slug: 'c', disabled: true }),
    );
    const targets = ['/sale', '/none', '/x/y', '/b', '/c', '/none', '/sale', '/b'];
    const bytes = targets.map((target) => rawRequest(target)).join('');
    const answers = await exchangeRaw(server.port, bytes + rawRequest('/sale', { headers: last }));
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toEqual([302, 404, 418, 307, 410, 404, 302, 307, 302]);
  });

  it('comes before what is said of garbage behind its request', async () => {
    server.http.on('clientError', createClientErrorHandler('https://go.example.com'));
    const answers = await exchangeRaw(
      server.port,
      `${rawRequest('/sale').repeat(10)}GARBAGE\r\n\r\n`,
    );
    expect(answers.slice(0, 10 * redirect.length)).toBe(redirect.repeat(10));
    expect(answers.slice(10 * redirect.length)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('comes a thousand times over one connection', async () => {
    const bytes = rawRequest('/sale').repeat(1000) + rawRequest('/x/y', { headers: last });
    const answers = await exchangeRaw(server.port, bytes);
    expect(answers.slice(0, 1000 * redirect.length)).toBe(redirect.repeat(1000));
  });

  it('says so when it is the last one of its connection', async () => {
    server.http.maxRequestsPerSocket = 2;
    // Node closes it only when it gets a third request, which it does not answer with a redirect.
    const answers = await exchangeRaw(
      server.port,
      rawRequest('/sale').repeat(2) + rawRequest('/sale', { headers: last }),
    );
    expect(answers.match(/^Connection: .*$/gm)?.slice(0, 2)).toEqual([
      'Connection: keep-alive',
      'Connection: close',
    ]);
  });

  it('comes to requests in pieces', async () => {
    const socket = await openRaw(server.port);
    const answers = readToEnd(socket.setNoDelay());
    for (const byte of rawRequest('/sale') + rawRequest('/sale', { headers: last })) {
      await new Promise((done) => socket.write(byte, done));
    }
    expect((await answers).match(/^HTTP\/1\.1 302 Found/gm)).toHaveLength(2);
  });

  it('comes to a GET with a body, and the next request is found behind it', async () => {
    const bytes = `${rawRequest('/sale', { headers: ['Content-Length: 5'] })}hello`;
    const answers = await exchangeRaw(server.port, bytes + rawRequest('/sale', { headers: last }));
    expect(answers.match(/^HTTP\/1\.1 302 Found/gm)).toHaveLength(2);
  });

  it('comes to who expects to be asked for a body', async () => {
    const headers = ['Content-Length: 1', 'Expect: 100-continue', ...last];
    const answers = await exchangeRaw(server.port, `${rawRequest('/sale', { headers })}x`);
    expect(answers).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 302 Found\r\n/);
  });

  it('comes to a target in absolute form', async () => {
    const answers = await exchangeRaw(
      server.port,
      rawRequest('http://evil.example/sale?a', { headers: last }),
    );
    expect(answers).toMatch(/^HTTP\/1\.1 302 Found\r\nLocation: https:\/\/example\.com\/\r\n/);
  });
});

describe('no trick of a request', () => {
  it.each([
    ['a line break in the path', '/sale%0d%0aX-Injected:%201'],
    ['a line break in the query', '/query?a=%0d%0aX-Injected:%201&b=\u010d\u010a'],
    ['a bare line feed', '/query?%0aX-Injected:1'],
    ['bytes beyond ASCII', '/query?\u00e5\u0098\u008d\u00e5\u0098\u008aX-Injected:1'],
    ['a null', '/query?%00X-Injected:1'],
    ['two slashes', '//evil.example/%2e%2e'],
    ['a backslash', '/\\evil.example'],
    ['dots', '/%2e%2e'],
    ['broken percent-encoding', '/%zz?%'],
    ['an asterisk', '*'],
    ['no path', 'http://go.example.com'],
    ['a foreign scheme', 'ftp://go.example.com/sale'],
    ['a long path', `/${'a'.repeat(10_000)}`],
    ['a long query', `/query?a=${'b'.repeat(20_000)}`],
  ])('makes a header or a second answer: %s', async (_, target) => {
    server.store.put(makeLink({ slug: 'query', forwardQuery: true }));
    const answer = await exchangeRaw(server.port, rawRequest(target, { headers: last }));
    expect(answer).toMatch(/^HTTP\/1\.1 (302|4\d\d) /);
    expect(answer.match(/^HTTP\/1/gm)).toHaveLength(1);
    expect(answer).not.toMatch(/^x-injected/im);
    expect(answer.match(/^location: /gim)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(answer.match(/^location: (?!https:\/\/example\.com\/)/gim)).toBeNull();
    expect(server.errors).toEqual([]);
  });

  it('is met with more patience than 32 KiB of head', async () => {
    const answer = await exchangeRaw(
      server.port,
      rawRequest(`/sale?${'a'.repeat(serverOptions.maxHeaderSize)}`, { headers: last }),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ['length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a folded header', ['X-A: b\r\n c']],
    ['a space before the colon', ['X-A : b']],
  ])('is taken for two requests: %s', async (_, headers) => {
    const answer = await exchangeRaw(
      server.port,
      `${rawRequest('/sale', { headers })}0\r\n\r\n${rawRequest('/sale', { headers: last })}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/^HTTP\/1/gm)).toHaveLength(1);
  });
});

describe('a client that goes away', () => {
  it('while it waits loses nobody else an answer', async () => {
    server.store.trouble = 'busy';
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openRaw(server.port)));
    for (const socket of sockets) socket.write(rawRequest('/sale').repeat(3));
    await eventually(() => expect(server.redirects.waiting).toBe(60));
    const staying = server.fetch('/sale');
    await eventually(() => expect(server.redirects.waiting).toBe(61));
    for (const socket of sockets) socket.resetAndDestroy();
    server.store.trouble = undefined;
    expect((await staying).status).toBe(302);
    await eventually(() => expect(server.redirects.waiting).toBe(0));
    expect(server.errors).toEqual([]);
  });
});

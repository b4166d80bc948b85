import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointersOf } from '../support/problem-body.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const destination = 'https://example.com/';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.client.post('/api/v1/links').send({ destination, slug: 'there' }).expect(201);
});
afterAll(() => app[Symbol.asyncDispose]());

describe('a JSON body', () => {
  const post = (text: string | Buffer, type = 'application/json') =>
    app.client.post('/api/v1/links').set('Content-Type', type).send(text);
  const json = JSON.stringify({ destination });

  it.each<[title: string, text: string, pointer: string]>([
    ['nothing', '', ''],
    ['white space', '  ', ''],
    ['broken off', '{"destination":', ''],
    ['two values', `${json}${json}`, ''],
    ['a comment', `/**/${json}`, ''],
    ['single quotes', "{'destination':'x'}", ''],
    ['a byte order mark', `\ufeff${json}`, ''],
    ['a name twice', '{"destination":"https://a.example/","destination":"x"}', '/destination'],
    ['nesting without end', '['.repeat(60_000), ''],
    ['NaN', '{"destination":NaN}', ''],
    ['a control character in a string', '{"destination":"a\nb"}', ''],
  ])('may not be %s', async (_title, text, pointer) => {
    const { body } = await post(text).expect(400);
    expect(body.type).toBe('http://go.example.com/problems/malformed');
    expect(pointersOf(body)).toEqual([pointer]);
  });

  it.each(['null', 'true', '1', '"x"', '[]', `[${json}]`])('may not be %s', async (text) => {
    const { body } = await post(text).expect(422);
    expect(pointersOf(body)).toEqual(['']);
  });

  it.each([
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from([0xc0, 0xaf]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from(`\ufeff${json}`, 'utf16le'),
  ])('may not be bytes that are not UTF-8: %#', async (bytes) => {
    const response = await fetch(`http://127.0.0.1:${app.port}/api/v1/links`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Uint8Array(bytes),
    });
    expect(response.status).toBe(400);
    expect(pointersOf(await response.json())).toEqual(['']);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('changes no prototype by %s', async (name) => {
    const { body } = await post(
      `{"destination":"${destination}","${name}":{"disabled":true}}`,
    ).expect(422);
    expect(pointersOf(body)).toEqual([`/${name}`]);
    expect({}).not.toHaveProperty('disabled');
  });

  it.each([
    undefined,
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application',
    ';',
    'application/json, text/plain',
  ])('may not come as %s', async (type) => {
    const response = await fetch(`http://127.0.0.1:${app.port}/api/v1/links`, {
      method: 'POST',
      headers: type === undefined ? {} : { 'Content-Type': type },
      body: new TextEncoder().encode(json),
    });
    expect(response.status).toBe(415);
    expect(pointersOf(await response.json())).toEqual(['Content-Type']);
  });

  it.each(['application/json', 'Application/JSON ; Charset="UTF-8"', 'application/json;x=y'])(
    'may come as %s',
    async (type) => {
      await post(json, type).expect(201);
    },
  );

  it.each(['gzip', 'br', 'deflate', 'zstd', 'x', 'identity, gzip'])(
    'may not be compressed with %s',
    async (encoding) => {
      const response = await fetch(`http://127.0.0.1:${app.port}/api/v1/links`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': encoding },
        body: gzipSync(json),
      });
      expect(response.status).toBe(415);
      expect(pointersOf(await response.json())).toEqual(['Content-Encoding']);
    },
  );

  it.each([
    [65_535, 201],
    [65_536, 201],
    [65_537, 413],
    [1_000_000, 413],
  ])('of %d bytes is answered with %d', async (bytes, status) => {
    await post(json.padEnd(bytes)).expect(status);
  });

  it('that comes in chunks may not be longer either', async () => {
    const chunks = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.alloc(65_537, ' '));
        controller.close();
      },
    });
    const response = await fetch(`http://127.0.0.1:${app.port}/api/v1/links`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: chunks,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });
});

describe('bytes on the wire', () => {
  /** Sends bytes as they are, and gives all that comes back until the server closes. */
  function sendRaw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(app.port, '127.0.0.1', () =>
        socket.write(Buffer.from(text, 'latin1')),
      );
      const parts: Buffer[] = [];
      socket.on('data', (part) => parts.push(part));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
    });
  }

  it.each([
    ['GET /?a=\x00 HTTP/1.1', 'a NUL'],
    ['GET / HTTP/1.1\r\nX: a\rb', 'a bare CR in a header'],
    ['POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked', 'two framings'],
    ['POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2', 'two lengths'],
    ['GET / HTTP/1.1\r\nX-A: a\r\n folded', 'a folded header'],
    ['GET http://evil.example/ HTTP/1.1', 'another host in absolute form'],
  ])('%j is refused: %s', async (head) => {
    const answer = await sendRaw(`${head}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('a URL with an encoded line break makes no header', async () => {
    const url = encodeURIComponent('https://example.com/\r\nSet-Cookie: a=b');
    const answer = await sendRaw(
      `POST /?url=${url} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(/^set-cookie/im);
  });
});

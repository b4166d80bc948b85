import { Agent, request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask, askRaw } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

describe('an answer', () => {
  it('passes with its status, reason, headers and body, plus what Fly adds', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.writeHead(418, 'Short and stout', [
        ...['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
        ...[
          'X-Odd',
          'caf\xe9 \t x',
          'Connection',
          'X-Hop',
          'X-Hop',
          '1',
          'Keep-Alive',
          'timeout=9',
        ],
      ]);
      response.end(Buffer.from('tea'));
    });
    await using test = await startTestEdge([node]);
    const answer = await ask(test.ams);
    expect(answer).toMatchObject({ status: 418, reason: 'Short and stout', body: 'tea' });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain',
      'set-cookie': ['a=1', 'b=2'],
      'x-odd': 'caf\xe9 \t x',
      via: '1.1 fly.io',
      server: 'Fly (emulated)',
      'fly-request-id': expect.stringMatching(/-ams$/),
    });
    expect(answer.headers['x-hop']).toBeUndefined();
    expect(answer.headers['keep-alive']).toBeUndefined();
  });

  it('to HEAD has the length and no body', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) =>
      response.writeHead(200, { 'content-length': '1234' }).end(),
    );
    await using test = await startTestEdge([node]);
    const answer = await ask(test.ams, { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '1234' } });
    expect(node.seen[0]?.method).toBe('HEAD');
  });

  it('to a replayed HEAD comes from the target', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    expect((await ask(test.syd, { method: 'HEAD' })).status).toBe(200);
    expect(primary.seen[0]?.method).toBe('HEAD');
  });

  it.each([204, 304])('of status %i has no body, and the connection goes on', async (status) => {
    const node = await TestNode.start('a1', 'ams', (_request, response) =>
      response.writeHead(status, { etag: '"x"' }).end(),
    );
    await using test = await startTestEdge([node]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = 0; turn < 2; turn++) {
      const answer = await ask(test.ams, { agent });
      expect(answer).toMatchObject({ status, body: '', headers: { etag: '"x"' } });
    }
    agent.destroy();
  });

  it('in chunks comes as they come', async () => {
    const parts = Promise.withResolvers<void>();
    const node = await TestNode.start('a1', 'ams', async (_request, response) => {
      response.write('first');
      await parts.promise;
      response.end(' second');
    });
    await using test = await startTestEdge([node]);
    let body = '';
    let ended = false;
    const request = httpRequest(test.ams, { agent: false }, (answer) => {
      answer.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      answer.on('end', () => {
        ended = true;
      });
    }).end();
    await until(() => body === 'first');
    parts.resolve();
    await until(() => ended);
    expect(body).toBe('first second');
    request.destroy();
  });

  it('that ends with its connection is whole for a client of HTTP/1.1 and of 1.0', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.socket?.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    });
    await using test = await startTestEdge([node]);
    expect((await ask(test.ams)).body).toBe('until the end');
    expect(await askRaw(test.ams, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/\r\n\r\nuntil the end$/);
  });

  it('that is not wanted any more is not read on', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.write('first');
    });
    await using test = await startTestEdge([node]);
    const request = httpRequest(test.ams, { agent: false }, (answer) => {
      answer.once('data', () => request.destroy());
      answer.on('error', () => undefined);
    }).end();
    await until(() => node.seen[0]?.connection.destroyed === true);
    expect(test.edge.counters.errors).toEqual({});
  });
});

describe('a request', () => {
  it('keeps order and spelling of its headers, repeated ones included', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    await askRaw(
      test.ams,
      'GET /p?q HTTP/1.1\r\nhost: h\r\nX-B: 2\r\nx-a: 1\r\nX-B: \xff\r\nConnection: close\r\n\r\n',
    );
    expect(node.seen[0]?.rawHeaders.slice(0, 8)).toEqual([
      ...['host', 'h', 'X-B', '2', 'x-a', '1', 'X-B', '\xff'],
    ]);
  });

  it('has its own connection headers dropped and those that Connection names', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    await askRaw(
      test.ams,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: close, x-mine\r\nX-Mine: 1\r\nTE: trailers\r\n\r\n',
    );
    expect(node.seen[0]?.headers).toMatchObject({ host: 'h', connection: 'keep-alive' });
    expect(node.seen[0]?.headers['x-mine']).toBeUndefined();
    expect(node.seen[0]?.headers.te).toBeUndefined();
  });

  it('shares a connection with others before and after it', async () => {
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      response.end(request.url),
    );
    await using test = await startTestEdge([node]);
    const answers = await askRaw(
      test.ams,
      [
        'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n',
        'POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody',
        'GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
      ].join(''),
    );
    expect(answers.match(/\/\d(?=HTTP|$|\r)/g)).toEqual(['/1', '/2', '/3']);
    expect(node.seen.map(({ path, body }) => `${path} ${body}`)).toEqual(['/1 ', '/2 body', '/3 ']);
  });

  it('that names the host in its first line has it in Host', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    for (const target of ['http://go.example/p?q', 'HTTP://go.example?q']) {
      await askRaw(test.ams, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    }
    expect(node.seen.map(({ path, headers }) => [path, headers.host])).toEqual([
      ['/p?q', 'go.example'],
      ['/?q', 'go.example'],
    ]);
  });

  it.each(['//host/path', '/%zz%00', '/a/../b', '/?a=b?c#d', '/\\host'])(
    'has its path passed on as it is: %j',
    async (path) => {
      const node = await TestNode.start('a1', 'ams');
      await using test = await startTestEdge([node]);
      await askRaw(test.ams, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      expect(node.seen[0]?.path).toBe(path);
    },
  );

  it.each(['POST', 'DELETE', 'OPTIONS', 'PUT'])('%s without a body gets none', async (method) => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    await askRaw(test.ams, `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    expect(node.seen[0]?.method).toBe(method);
    expect(node.seen[0]?.headers['transfer-encoding']).toBeUndefined();
    expect(node.seen[0]?.headers['content-length'] ?? '0').toBe('0');
  });
});

describe('odd bytes', () => {
  it.each([
    ['a control character in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n'],
    ['a null in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: h\nX: y\n\n'],
    ['a space in a name', 'GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a raw byte in the path', 'GET /caf\xe9 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a made-up method', 'BREW / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['too many bytes', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('from a client are refused before any node: %s', async (_what, bytes) => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    expect(await askRaw(test.ams, bytes).catch(() => 'reset')).toMatch(/^HTTP\/1.1 4\d\d|^reset$/);
    expect(node.seen).toHaveLength(0);
    expect((await ask(test.ams)).body).toBe('a1');
  });

  it('of every kind that HTTP allows pass in both directions', async () => {
    const odd = String.fromCharCode(...Array.from({ length: 128 }, (_, at) => 128 + at));
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      response.writeHead(200, 'r\xe9ason', { 'x-odd': request.headers['x-odd'] ?? '' }).end(),
    );
    await using test = await startTestEdge([node]);
    const headers = { 'x-odd': odd, 'x-forwarded-for': odd, 'fly-force-region': `any,${odd}` };
    const answer = await ask(test.ams, { headers });
    expect(answer.headers['x-odd']).toBe(odd);
    expect(node.seen[0]?.headers['x-odd']).toBe(odd);
    expect(node.seen[0]?.headers['x-forwarded-for']).toMatch(new RegExp(`^${odd}, 127.0.0.1, `));
  });

  it.each([
    ['a control character', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'hello\r\n\r\n'],
    ['an impossible status', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 High\r\nContent-Length: 0\r\n\r\n'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'an upgrade nobody wanted',
      'HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['too many header bytes', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['nothing', ''],
    [
      'an odd replay',
      'HTTP/1.1 409 C\r\nFly-Replay: instance=\xff\xfe\r\nContent-Length: 0\r\n\r\n',
    ],
    ['an empty replay', 'HTTP/1.1 409 C\r\nFly-Replay:\r\nContent-Length: 0\r\n\r\n'],
    [
      'two replays',
      'HTTP/1.1 409 C\r\nFly-Replay: region=ams\r\nFly-Replay: region=ams\r\nContent-Length: 0\r\n\r\n',
    ],
  ])('from a node are an error of the edge: %s', async (_what, bytes) => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.socket?.end(Buffer.from(bytes, 'latin1'));
    });
    await using test = await startTestEdge([node]);
    expect((await ask(test.ams)).status).toBe(502);
    node.handler = (_request, response) => response.end('well again');
    expect((await ask(test.ams)).body).toBe('well again');
  });

  it('in the state of a replay come back in fly-replay-src', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams;state="\xe9 ;,=\xff"'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    expect((await ask(test.syd)).body).toBe('a1');
    expect(primary.seen[0]?.headers['fly-replay-src']).toMatch(/;state="\xe9 ;,=\xff"$/);
  });
});

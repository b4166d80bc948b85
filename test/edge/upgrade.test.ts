import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ask, askRaw } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

const upgradeHeaders = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'k' };

function askUpgrade(url: string): ClientRequest {
  return httpRequest(url, { headers: upgradeHeaders, agent: false }).end();
}

/** A node that changes protocols and then says back what it hears. */
async function startEcho(id: string, region: string): Promise<TestNode> {
  const node = await TestNode.start(id, region);
  node.upgrade = (request, socket) => {
    const key = request.headers['sec-websocket-key'];
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Key: ${key}\r\n\r\n${id} `,
    );
    socket.pipe(socket);
  };
  return node;
}

/** What a socket says, collected. */
function listen(socket: Socket, head: Buffer): () => string {
  let heard = head.toString('latin1');
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  return () => heard;
}

describe('an upgrade', () => {
  it('passes through, in both directions, until either side ends', async () => {
    const node = await startEcho('a1', 'ams');
    await using test = await startTestEdge([node]);
    const [answer, socket, head] = await once(askUpgrade(test.ams), 'upgrade');
    expect(answer).toMatchObject({
      statusCode: 101,
      headers: { upgrade: 'websocket', 'x-key': 'k' },
    });
    const heard = listen(socket, head);
    socket.write('hello');
    await until(() => heard() === 'a1 hello');
    socket.end(' and bye');
    await once(socket, 'close');
    expect(heard()).toBe('a1 hello and bye');
    expect(test.edge.counters).toMatchObject({ requests: 1, deliveries: { a1: 1 }, errors: {} });
  });

  it('is replayed to the node that shall take it', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    // Without this a node of Node's own takes an upgrade for an ordinary request.
    replica.upgrade = (_request, socket) => {
      socket.end('HTTP/1.1 409 Conflict\r\nFly-Replay: region=ams\r\nContent-Length: 0\r\n\r\n');
    };
    const primary = await startEcho('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    const [, socket, head] = await once(askUpgrade(test.syd), 'upgrade');
    const heard = listen(socket, head);
    await until(() => heard() === 'a1 ');
    socket.destroy();
    expect(test.edge.counters).toMatchObject({ replays: 1, maxHops: 1 });
  });

  it('that the node declines is an ordinary answer', async () => {
    const node = await TestNode.start('a1', 'ams');
    node.upgrade = (_request, socket) => {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nX-A: b\r\nContent-Length: 2\r\n\r\nno');
    };
    await using test = await startTestEdge([node]);
    const [answer] = (await once(askUpgrade(test.ams), 'response')) as [IncomingMessage];
    expect(answer).toMatchObject({ statusCode: 426, headers: { 'x-a': 'b', connection: 'close' } });
    expect((await answer.toArray()).join('')).toBe('no');
  });

  it('that no node takes is answered by the edge', async () => {
    const node = await startEcho('a1', 'ams');
    await using test = await startTestEdge([node]);
    await node.kill();
    const [answer] = (await once(askUpgrade(test.ams), 'response')) as [IncomingMessage];
    expect(answer).toMatchObject({ statusCode: 502, headers: { 'fly-edge-error': 'PC01' } });
    answer.resume();
  });

  it('ends at the node when the client goes away', async () => {
    const node = await TestNode.start('a1', 'ams');
    let ended = false;
    node.upgrade = (_request, socket) => {
      socket
        .on('error', () => undefined)
        .on('end', () => {
          ended = true;
          socket.end();
        })
        .resume();
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    };
    await using test = await startTestEdge([node]);
    const [, socket] = await once(askUpgrade(test.ams), 'upgrade');
    socket.resetAndDestroy();
    await until(() => ended);
  });

  it('ends at the client when the node goes away', async () => {
    const node = await TestNode.start('a1', 'ams');
    node.upgrade = (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', () =>
        (socket as Socket).resetAndDestroy(),
      );
    };
    await using test = await startTestEdge([node]);
    const [, socket] = await once(askUpgrade(test.ams), 'upgrade');
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
  });

  it('with a body is an ordinary request', async () => {
    const node = await startEcho('a1', 'ams');
    await using test = await startTestEdge([node]);
    const answer = await ask(test.ams, { method: 'POST', headers: upgradeHeaders, body: 'body' });
    expect(answer).toMatchObject({ status: 200, body: 'a1' });
    expect(node.seen[0]?.headers.upgrade).toBeUndefined();
    expect(node.seen[0]?.body.toString()).toBe('body');
  });

  it('behind a request that still waits for its answer is an ordinary request', async () => {
    const first = Promise.withResolvers<() => void>();
    const node = await startEcho('a1', 'ams');
    node.handler = (request, response) => {
      if (request.url === '/2') response.end('second');
      else first.resolve(() => response.end('first'));
    };
    await using test = await startTestEdge([node]);
    const answers = askRaw(
      test.ams,
      'GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade\r\nUpgrade: x\r\n\r\n',
    );
    await until(() => node.seen.length === 2);
    (await first.promise)();
    expect(await answers).toMatch(/\r\n\r\nfirst.*\r\n\r\nsecond$/s);
  });

  it('carries what the client sends before it is answered', async () => {
    const node = await startEcho('a1', 'ams');
    await using test = await startTestEdge([node]);
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(test.ams).port) });
    const heard = listen(socket, Buffer.alloc(0));
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly');
    await until(() => heard().endsWith('a1 early'));
    socket.destroy();
  });

  it('does not keep the edge from closing', async () => {
    const node = await startEcho('a1', 'ams');
    const test = await startTestEdge([node]);
    const [, socket] = await once(askUpgrade(test.ams), 'upgrade');
    socket.on('error', () => undefined).resume();
    await test[Symbol.asyncDispose]();
    if (!socket.destroyed) await once(socket, 'close');
  });
});

import { connect, createServer } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startEdge } from '../../scripts/edge/edge.ts';
import { ask } from './ask.ts';

const fields = [
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: Upgrade\r\nUpgrade: x\r\n',
  'Connection: close\r\n',
  'X: \xe9\xff\r\n',
  '\0\x01\xff',
  '\r\n',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  'hello',
];
const requestParts = [
  'GET / HTTP/1.1\r\nHost: h\r\n',
  'POST /x HTTP/1.1\r\nHost: h\r\n',
  'Expect: 100-continue\r\n',
  'fly-force-region: constructor,\xff\r\n',
  'fly-prefer-instance-id: __proto__\r\n',
  'fly-replay-src: \xff\r\n',
];
const answerParts = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 101 S\r\n',
  'HTTP/1.1 103 E\r\nLink: x\r\n\r\n',
  'HTTP/1.1 409 C\r\n',
  'Fly-Replay: region=any\r\n',
  'Fly-Replay: elsewhere=true;timeout=5ms;fallback=force_self\r\n',
  'Fly-Replay: instance=\xff"\r\n',
  'Content-Type: application/vnd.fly.replay+json\r\n',
  '{"region":"ams"}',
];

function message(starts: readonly string[], parts: readonly string[]) {
  return fc
    .tuple(
      fc.constantFrom(...starts),
      fc.array(fc.constantFrom(...fields, ...parts), { maxLength: 8 }),
    )
    .map(([start, rest]) => Buffer.from(`${start}${rest.join('')}\r\n\r\n`, 'latin1'));
}

it('whatever bytes clients and nodes send, the edge serves the next client', async () => {
  let answer = Buffer.alloc(0);
  const wellAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (head) => {
      const isWell = /^GET \/(?:healthz|well) /.test(head.toString('latin1'));
      socket.end(isWell ? wellAnswer : answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await using edge = await startEdge({
    regions: ['ams'],
    nodes: ['a1', 'a2'].map((id) => ({ id, region: 'ams', url: `http://127.0.0.1:${port}` })),
    health: { intervalMs: Number.POSITIVE_INFINITY },
    knobs: { maxAttempts: 2, retryDelayMs: 1, bodyLimitBytes: 8, answerTimeoutMs: 100 },
  });
  await edge.checkHealth();
  const url = edge.urls.ams ?? '';

  const request = message(requestParts.slice(0, 2), requestParts);
  const anyAnswer = message(answerParts.slice(0, 4), answerParts);
  await fc.assert(
    fc.asyncProperty(request, anyAnswer, fc.boolean(), async (sent, answered, half) => {
      answer = answered;
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.once('data', () => socket.destroy());
        if (half) socket.end(sent);
        else socket.write(sent, () => setImmediate(() => socket.destroy()));
      });
      expect((await ask(`${url}/well`)).body).toBe('well');
    }),
    { numRuns: 200 },
  );
  server.close();
}, 30_000);

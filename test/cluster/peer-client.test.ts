import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleetAuth } from '../../src/cluster/fleet-auth.ts';
import { createPeerClient, type PeerClient } from '../../src/cluster/peer-client.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const secret = 'a secret of the fleet with 32 characters';
const hour = 3_600_000;

describe('a request to another node', () => {
  let server: Server;
  let peers: PeerClient;
  let received: { method: string | undefined; path: string | undefined; body: string }[];
  let refusals: string[];
  let answer: string;

  beforeEach(async () => {
    received = [];
    refusals = [];
    answer = '{"ok":true}';
    const clock = fakeClock(2 * hour);
    clock.advance(hour);
    const receiver = createFleetAuth({
      secrets: [secret],
      node: 'p',
      clock,
      random: seededRandom('p'),
    });
    server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      const { method = '', url: path = '', headers } = request;
      const verdict = receiver.verify({ method, path, headers }, body);
      if (!verdict.ok) {
        refusals.push(verdict.reason);
        response.writeHead(401, verdict.headers).end();
        return;
      }
      received.push({ method, path, body: body.toString() });
      response.writeHead(409).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    peers = createPeerClient({
      cluster: { privateUrl: (node) => (node === 'q' ? undefined : `http://127.0.0.1:${port}`) },
      auth: createFleetAuth({
        secrets: [secret],
        node: 'me',
        clock: fakeClock(2 * hour),
        random: seededRandom('me'),
      }),
    });
  });

  afterEach(async () => {
    peers[Symbol.dispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const send = (node: string, text: string) =>
    peers.send(
      node,
      { method: 'POST', path: '/clicks', body: Buffer.from(text) },
      AbortSignal.timeout(5_000),
    );

  it('carries a signed body, and brings back status and answer', async () => {
    expect(await send('p', 'clicks')).toEqual({ status: 409, body: answer });
    expect(received).toEqual([{ method: 'POST', path: '/clicks', body: 'clicks' }]);
  });

  it('learns the time of a node whose clock differs, once', async () => {
    await send('p', 'first');
    await send('p', 'second');
    expect(refusals).toEqual(['time']);
    expect(received.map(({ body }) => body)).toEqual(['first', 'second']);
  });

  it('gives a refusal as it is', async () => {
    // Signed for another node than the one that receives it.
    expect(await send('other', 'clicks')).toMatchObject({ status: 401 });
    expect(refusals).toEqual(['addressee']);
  });

  it('gives nothing for a node that nobody knows', async () => {
    expect(await send('q', 'clicks')).toBeUndefined();
  });

  it('refuses an answer that is too long', async () => {
    answer = 'x'.repeat(5_000);
    await expect(send('p', 'clicks')).rejects.toThrow('too long');
  });
});

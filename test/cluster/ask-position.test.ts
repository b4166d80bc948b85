import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AskPosition, createAskPosition } from '../../src/cluster/ask-position.ts';
import { createFleetAuth } from '../../src/cluster/fleet-auth.ts';
import { createPeerClient, type PeerClient } from '../../src/cluster/peer-client.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { positionAt } from '../support/fake-mount.ts';
import { seededRandom } from '../support/seeded-random.ts';

const secret = 'a secret of the fleet with 32 characters';
const progress = { epoch: 3, txid: positionAt(42).txid };

describe('asking the primary for its position', () => {
  let server: Server;
  let url: string;
  let clock: FakeClock;
  let peers: PeerClient;
  let askPosition: AskPosition;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let judged: boolean[];
  let ports: Set<number | undefined>;

  beforeEach(async () => {
    judged = [];
    ports = new Set();
    clock = fakeClock();
    const receiver = createFleetAuth({
      secrets: [secret],
      node: 'p',
      clock,
      random: seededRandom('p'),
    });
    const sender = createFleetAuth({
      secrets: [secret],
      node: 'me',
      clock: fakeClock(clock.now() + 3_600_000),
      random: seededRandom('me'),
    });
    clock.advance(3_600_000);
    answer = (_, response) => response.end(JSON.stringify(progress));
    server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      const { method = '', url: path = '', headers } = request;
      const verdict = receiver.verify({ method, path, headers }, new Uint8Array());
      judged.push(verdict.ok);
      if (verdict.ok) answer(request, response);
      else response.writeHead(401, verdict.headers).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    peers = createPeerClient({
      cluster: { privateUrl: (node) => (node === 'p' ? url : undefined) },
      auth: sender,
    });
    askPosition = createAskPosition({ peers, log: pino({ level: 'silent' }) });
  });

  afterEach(async () => {
    peers[Symbol.dispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const ask = (node = 'p', signal = new AbortController().signal) => askPosition(node, signal);

  it('gives its epoch and txid, over one connection', async () => {
    for (let count = 0; count < 5; count += 1) expect(await ask()).toEqual(progress);
    expect(ports.size).toBe(1);
  });

  it('corrects its clock once and asks again', async () => {
    clock.setNow(clock.now() + 7_200_000);
    expect(await ask()).toEqual(progress);
    expect(await ask()).toEqual(progress);
    expect(judged).toEqual([false, true, true]);
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['a primary that is not ready', (_, response) => response.writeHead(503).end()],
    ['no JSON', (_, response) => response.end('soon')],
    ['no txid', (_, response) => response.end('{"epoch":3,"txid":"42"}')],
    ['no epoch', (_, response) => response.end(`{"txid":"${progress.txid}"}`)],
    ['an answer that breaks off', (_, response) => response.write('{', () => response.destroy())],
    ['an answer without an end', (_, response) => response.end('x'.repeat(100_000))],
    ['a broken connection', (request) => request.socket.destroy()],
  ])('gives nothing for %s', async (_, behave) => {
    answer = behave;
    expect(await ask()).toBeUndefined();
  });

  it('gives nothing for a node that nobody knows, and for one that is away', async () => {
    expect(await ask('q')).toBeUndefined();
    url = 'http://127.0.0.1:1';
    expect(await ask()).toBeUndefined();
  });

  it('gives nothing, at once, when it is called off', async () => {
    const cancel = new AbortController();
    answer = () => cancel.abort();
    expect(await ask('p', cancel.signal)).toBeUndefined();
  });
});

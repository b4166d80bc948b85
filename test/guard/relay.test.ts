import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGuardLog } from '../../src/guard/log.ts';
import { GuardMetrics } from '../../src/guard/metrics.ts';
import { Relay } from '../../src/guard/relay.ts';
import { findFreePort } from '../support/free-port.ts';

let stack: AsyncDisposableStack;
let relay: Relay;
let port: number;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  port = await findFreePort();
  const log = createGuardLog({ node: 'a', region: 'b', write: () => undefined });
  relay = new Relay({
    address: { host: '127.0.0.1', port },
    ...{ log, metrics: new GuardMetrics() },
  });
  await relay.listen();
  stack.defer(() => relay.close());
});
afterEach(() => stack.disposeAsync());

/** A primary that says its name to whoever connects, and then what it hears. */
async function startPrimary(name: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(name);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Connects as LiteFS does. */
function follow(): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  stack.defer(() => void socket.destroy());
  return socket;
}

async function hear(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data');
  return String(chunk);
}

test('a stream leads to the primary, in both directions', async () => {
  relay.pointTo(await startPrimary('one'));
  const stream = follow();
  expect(await hear(stream)).toBe('one');
  stream.write('more');
  expect(await hear(stream)).toBe('more');
});

test('a stream to the last primary ends when there is another one', async () => {
  relay.pointTo(await startPrimary('one'));
  const old = follow();
  expect(await hear(old)).toBe('one');
  relay.pointTo(await startPrimary('two'));
  await once(old, 'close');
  expect(await hear(follow())).toBe('two');
});

test('a stream to the same primary goes on when it is named again', async () => {
  const url = await startPrimary('one');
  relay.pointTo(url);
  const stream = follow();
  expect(await hear(stream)).toBe('one');
  relay.pointTo(`${url}/`);
  stream.write('still there');
  expect(await hear(stream)).toBe('still there');
});

test.for(['no primary is known', 'nobody listens there'])(
  'a stream ends at once when %s',
  async (why) => {
    if (why === 'nobody listens there') relay.pointTo(`http://127.0.0.1:${await findFreePort()}`);
    await once(follow(), 'close');
    expect(relay.streams).toBe(0);
  },
);

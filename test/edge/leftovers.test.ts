import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { Faults } from '../../scripts/edge/faults.ts';
import { ask, askRaw } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

/** Counts what still listens for faults: every connection and every stream on a link does for its life. */
function watchListeners(): { readonly open: () => number; [Symbol.dispose](): void } {
  const original = Faults.prototype.onChange;
  let open = 0;
  const spy = vi.spyOn(Faults.prototype, 'onChange').mockImplementation(function (
    this: Faults,
    listener,
  ) {
    const stop = original.call(this, listener);
    let stopped = false;
    open++;
    return () => {
      if (!stopped) open--;
      stopped = true;
      stop();
    };
  });
  return { open: () => open, [Symbol.dispose]: () => spy.mockRestore() };
}

/** How many connections this process has open, the nodes' and the clients' ends included. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

describe('after a request', () => {
  it('nothing is left of its connections and streams, however it ended', async () => {
    using listeners = watchListeners();
    const socketsBefore = openSockets();
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams', (request, response) => {
      if (request.url === '/hang') return;
      if (request.url === '/break') request.socket.destroy();
      else if (request.url === '/bad') response.writeHead(409, { 'fly-replay': 'x' }).end('text');
      else if (request.url === '/low') {
        response.socket?.end('HTTP/1.1 099 Low\r\nContent-Length: 1\r\n\r\nx');
      } else if (request.url === '/json') {
        response.writeHead(200, { 'content-type': 'application/vnd.fly.replay+json' });
        response.end('{"region":"gru"}');
      } else request.pipe(response);
    });
    primary.upgrade = (request, socket) => {
      socket.on('error', () => undefined);
      if (request.url === '/declined') {
        socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      socket.pipe(socket);
    };
    await using test = await startTestEdge([replica, primary]);

    const agent = new Agent({ keepAlive: true });
    const body = Buffer.alloc(300_000);
    await ask(test.syd);
    await ask(test.syd, { method: 'HEAD', agent });
    await ask(test.syd, { method: 'POST', body, agent });
    await ask(test.syd, { method: 'POST', body: [body, body, body, body], agent });
    await ask(`${test.syd}/break`, { method: 'POST', body });
    await ask(`${test.ams}/bad`);
    await ask(`${test.ams}/low`, { method: 'POST', body });
    await ask(`${test.ams}/json`, { method: 'POST', body });
    const hanging = httpRequest(`${test.ams}/hang`, { method: 'POST', agent: false });
    hanging.on('error', () => undefined).write('half');
    await until(() => primary.seen.some(({ path }) => path === '/hang'));
    hanging.destroy();
    const declined =
      'GET /declined HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nmore';
    expect(await askRaw(test.ams, declined)).toMatch(/^HTTP\/1.1 426 /);
    const headers = { connection: 'Upgrade', upgrade: 'x' };
    const upgrading = httpRequest(test.ams, { headers, agent: false }).end();
    const [, socket] = await once(upgrading, 'upgrade');
    expect(listeners.open()).toBeGreaterThan(0);
    socket.destroy();

    await until(() => listeners.open() === 0);
    expect(test.edge.counters.requests).toBe(11);
    agent.destroy();
    await until(() => openSockets() <= socketsBefore);
  });
});

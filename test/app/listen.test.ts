import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type Listening, listen } from '../../src/listen.ts';
import { openRaw, rawRequest, readToEnd } from '../support/raw-http.ts';

const address = { host: '127.0.0.1', port: 0, variable: 'PORT' };

function start(handle: RequestListener, finishWithinMs?: number): Promise<Listening> {
  return listen(createServer(handle), {
    ...address,
    ...(finishWithinMs === undefined ? {} : { finishWithinMs }),
  });
}

function portOf({ url }: Listening): number {
  return Number(new URL(url).port);
}

/** Sends a request whenever the last one is answered, until the server ends the connection; gives the last answer. */
async function keepAsking(socket: Socket): Promise<string> {
  let last = '';
  socket.on('data', (answer) => {
    last = answer.toString('latin1');
    socket.write(rawRequest('/'));
  });
  socket.write(rawRequest('/'));
  await once(socket, 'end');
  socket.end();
  return last;
}

test('a port that is taken is named, with the reason', async () => {
  await using first = await start((_request, response) => response.end());
  const port = portOf(first);
  await expect(listen(createServer(), { ...address, port })).rejects.toThrow(
    new RegExp(`cannot listen on 127\\.0\\.0\\.1 port ${port} \\(PORT\\): .*in use`),
  );
});

test('a connection that is never idle ends with an answer that says so', async () => {
  const listening = await start((_request, response) => setTimeout(() => response.end(), 5));
  const asking = keepAsking(await openRaw(portOf(listening)));
  await listening[Symbol.asyncDispose]();
  expect(await asking).toContain('Connection: close');
});

test('a request under way is answered before the server has closed', async () => {
  const asked = Promise.withResolvers<void>();
  const listening = await start((_request, response) => {
    asked.resolve();
    setTimeout(() => response.end('whole'), 100);
  });
  const socket = await openRaw(portOf(listening));
  socket.write(rawRequest('/'));
  const answer = readToEnd(socket);
  await asked.promise;
  await listening[Symbol.asyncDispose]();
  expect(await answer).toContain('whole');
});

test('an upload that stands still is cut', async () => {
  const arrived = Promise.withResolvers<void>();
  const listening = await start(() => arrived.resolve(), 100);
  const socket = await openRaw(portOf(listening));
  socket.write(rawRequest('/', { method: 'POST', headers: ['Content-Length: 10'] }));
  socket.on('error', () => undefined);
  await arrived.promise;
  await listening[Symbol.asyncDispose]();
});

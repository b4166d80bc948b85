import { createServer } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listen } from '../../src/listen.ts';
import { oneATurn } from '../../src/redirect/one-a-turn.ts';
import { eventually } from '../support/eventually.ts';
import { exchangeRaw, openRaw, rawRequest } from '../support/raw-http.ts';

const address = { host: '127.0.0.1', port: 0, variable: 'PORT' };

test('requests that come together are handled in their order, one in each turn of the event loop', async () => {
  let turn = 0;
  let isOver = false;
  const turns: number[] = [];
  const targets: string[] = [];
  await using server = await listen(
    createServer(
      oneATurn(({ url = '' }, response) => {
        turns.push(turn);
        targets.push(url);
        response.end();
      }),
    ),
    address,
  );
  const counting = countTurns();
  const sent = Array.from({ length: 50 }, (_, at) => `/${at}`);
  const last = rawRequest('/last', { headers: ['Connection: close'] });
  await exchangeRaw(
    Number(new URL(server.url).port),
    sent.map((target) => rawRequest(target)).join('') + last,
  );
  isOver = true;
  await counting;
  expect(targets).toEqual([...sent, '/last']);
  expect(new Set(turns).size).toBe(51);

  async function countTurns(): Promise<void> {
    while (!isOver) {
      turn += 1;
      await nextTurn();
    }
  }
});

test('a client that has gone before its turn is not handled', async () => {
  const handled: string[] = [];
  const handle = oneATurn((request, response) => {
    handled.push(request.url ?? '');
    response.end();
  });
  await using server = await listen(
    createServer((request, response) => {
      if (request.url === '/gone') request.socket.destroy();
      handle(request, response);
    }),
    address,
  );
  const port = Number(new URL(server.url).port);
  const socket = await openRaw(port);
  socket.on('error', () => undefined).write(rawRequest('/gone'));
  await eventually(() => expect(socket.destroyed || socket.readableEnded).toBe(true));
  await exchangeRaw(port, rawRequest('/here', { headers: ['Connection: close'] }));
  expect(handled).toEqual(['/here']);
});

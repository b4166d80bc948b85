import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { sendInPieces } from '../../src/http/send-in-pieces.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** Serves with one answer; gives where. */
async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => {
    server?.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

it.each([0, 1, 49, 50, 51, 1_000])('gives a list of %d as one JSON array', async (count) => {
  const url = await serve((response) => {
    void sendInPieces(response, numbers(count), (number) => ({ number }));
  });
  const answer = await fetch(url);
  expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
  expect(await answer.json()).toEqual(numbers(count).map((number) => ({ number })));
});

it('lets others have their turn between pieces', async () => {
  const before: number[] = [];
  let made = 0;
  const url = await serve((response) => {
    const count = () => {
      before.push(made);
      if (!response.writableEnded) setImmediate(count);
    };
    count();
    void sendInPieces(response, numbers(1_000), (number) => {
      made += 1;
      return number;
    });
  });
  await (await fetch(url)).json();
  expect(new Set(before).size).toBeGreaterThan(10);
});

it('ends early when nobody is there any more', async () => {
  const left = Promise.withResolvers<number>();
  let made = 0;
  const url = await serve((response) => {
    const items = sendInPieces(response, numbers(100_000), (number) => {
      made += 1;
      if (number === 100) response.destroy();
      return number;
    });
    items.then(() => left.resolve(made), left.reject);
  });
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
  expect(await left.promise).toBeLessThan(1_000);
});

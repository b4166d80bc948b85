import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Network } from '../../scripts/cluster/network.ts';
import { describePortOwner } from '../../scripts/cluster/port-owner.ts';

test('clusters side by side have networks of their own, and a network is free again afterwards', async () => {
  let prefix: string;
  {
    await using first = await Network.claim([1, 2]);
    await using second = await Network.claim([1, 2]);
    expect(second.prefix).not.toBe(first.prefix);
    prefix = first.prefix;
    await expect(Network.claim([1, 2], prefix)).rejects.toThrow('another cluster uses it');
  }
  await using again = await Network.claim([1, 2], prefix);
  expect(again.address(7)).toBe(`${prefix}.7`);
});

test.for(['0.0.0.0', '::', '127.0.98.1'])('who listens on %s is named', async (host) => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(describePortOwner('127.0.98.1', port)).toMatch(new RegExp(`^process ${process.pid} \\(`));
  server.close();
});

import { expect, test } from 'vitest';
import { privateUrlOf, publicUrlOf, toLocalUrl } from '../../src/cli/node-url.ts';
import { readConfig } from '../../src/config.ts';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8081'],
  ['0.0.0.0', 'http://127.0.0.1:8081'],
  ['::', 'http://127.0.0.1:8081'],
  ['fdaa::3', 'http://[fdaa::3]:8081'],
  ['fly-local-6pn', 'http://fly-local-6pn:8081'],
])('a listener on %s is reached from the same machine at %s', (host, url) => {
  expect(toLocalUrl(host, 8081)).toBe(url);
});

test('each port of a node has its own host', () => {
  const config = readConfig({ PORT: '1', PRIVATE_HOST: '127.0.0.9', PRIVATE_PORT: '2' });
  expect(publicUrlOf(config)).toBe('http://127.0.0.1:1');
  expect(privateUrlOf(config)).toBe('http://127.0.0.9:2');
});

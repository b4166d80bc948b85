import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClientErrorHandler } from '../../src/http/client-error.ts';

let server: Server;
beforeAll(async () => {
  server = createServer(
    { headersTimeout: 50, connectionsCheckingInterval: 10 },
    (_request, response) => {
      response.end();
    },
  );
  server.on('clientError', createClientErrorHandler('https://go.example.com'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  server.close();
});

/** Sends bytes and gives all that comes back until the server closes. */
function send(text: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts).toString()));
  });
}

describe('what is no request', () => {
  it.each([
    ['that is no HTTP', 'nonsense\r\n\r\n', 400],
    [
      'with two framings',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'with headers that are too long',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
    ],
    ['with headers that do not end', 'GET / HTTP/1.1\r\nHost: x\r\n', 408],
  ])('is refused %s', async (_title, text, status) => {
    const [head = '', body = ''] = (await send(text)).split('\r\n\r\n');
    expect(head).toMatch(`HTTP/1.1 ${status} `);
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, title: expect.any(String) });
  });
});

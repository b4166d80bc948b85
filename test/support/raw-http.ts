import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends bytes over a connection of its own and gives all that comes back until the server closes it. */
export async function exchangeRaw(port: number, bytes: string): Promise<string> {
  const socket = await openRaw(port);
  socket.write(bytes, 'latin1');
  return readToEnd(socket);
}

/** Opens a connection to a server on this machine. */
export async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** All that a connection gives until the other side ends it, one character a byte. */
export async function readToEnd(socket: Socket): Promise<string> {
  return text(socket.setEncoding('latin1'));
}

/** A request without a body; the last one of a connection says so. */
export function rawRequest(
  target: string,
  { method = 'GET', headers = [] }: { method?: string; headers?: readonly string[] } = {},
): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: go.example.com', ...headers, '\r\n'].join('\r\n');
}

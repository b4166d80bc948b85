import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemMediaType, problemTypes, problemTypeUri } from './problem.ts';

/**
 * Answers what Node's parser refuses before there is a request (event `clientError` of a server): broken
 * framing, headers that are too long (431, RFC 6585), headers or a body that do not come in time (408).
 */
export function createClientErrorHandler(
  baseUrl: string,
): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = statusOf(error.code);
    const body = JSON.stringify({
      type: status === 400 ? problemTypeUri(baseUrl, 'malformed') : 'about:blank',
      title: status === 400 ? problemTypes.malformed.title : STATUS_CODES[status],
      status,
      detail: 'The request is not valid HTTP, or not within the limits of this service.',
    });
    const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${problemMediaType}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    // Requests that came whole in front of it are answered at the end of this turn: a redirect is counted by then.
    setImmediate(() => {
      if (socket.writable) socket.end(answer);
    });
  };
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

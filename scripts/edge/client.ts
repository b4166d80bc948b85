import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EdgeError } from './edge-error.ts';
import type { AnswerHead, NodeAnswer } from './node-answer.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { toFlatHeaders } from './raw-headers.ts';

/** Who sent a request and waits for one answer. */
export interface Client {
  /** Passes a node's answer on, and resolves at its end. Rejects when either side breaks off. */
  pass(answer: NodeAnswer): Promise<void>;
  /** Answers for the edge itself; breaks off when an answer has already begun. */
  fail(error: EdgeError): void;
}

/** The client of an ordinary request. */
export function httpClient(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Client {
  return {
    async pass(answer) {
      if (answer.is === 'upgraded') {
        // `node:http` lets no answer to a request without `Upgrade` get here.
        answer.drop();
        throw new Error('an upgrade that nobody asked for');
      }
      closeAfterUpload(request, response);
      writeHead(response, answer, requestId);
      await pipeline(answer.body, response);
    },
    fail(error) {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      closeAfterUpload(request, response);
      response.writeHead(error.status, {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        // Of this edge only: Fly tells its codes to the log, not to the client.
        'fly-edge-error': error.code,
        'fly-request-id': requestId,
      });
      response.end(`${error.message}\n`);
    },
  };
}

/**
 * The client of a request to change protocols. `node:http` hands over the bare socket, which becomes an
 * ordinary response again when the node does not change.
 */
export function upgradeClient(request: IncomingMessage, socket: Duplex, requestId: string): Client {
  let ordinary: Client | undefined;
  let changed = false;
  const toOrdinary = () => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
    // What the client has sent after its request is for nobody, but unread it would hide the client's leaving.
    response.once('finish', () => socket.end().resume());
    ordinary = httpClient(request, response, requestId);
    return ordinary;
  };
  return {
    async pass(answer) {
      if (answer.is !== 'upgraded') return (ordinary ?? toOrdinary()).pass(answer);
      changed = true;
      socket.write(switchingHead(answer), 'latin1');
      await Promise.all([pipeline(socket, answer.toNode), pipeline(answer.fromNode, socket)]);
    },
    fail(error) {
      if (changed) socket.destroy();
      else (ordinary ?? toOrdinary()).fail(error);
    },
  };
}

/**
 * Node closes the connection of a client that wants it closed right after the answer; with part of an
 * upload unread that is a reset, which can overtake the answer. So this one closes when the upload ends.
 */
function closeAfterUpload(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || response.shouldKeepAlive || request.httpVersion !== '1.1') return;
  response.shouldKeepAlive = true;
  request.once('end', () => request.socket.end());
}

function writeHead(response: ServerResponse, head: AnswerHead, requestId: string): void {
  response.sendDate = false;
  response.writeHead(
    head.status,
    head.reason,
    toFlatHeaders(outboundHeaders(head.headers, requestId)),
  );
  // `flushHeaders` would send bytes above 0x7f as UTF-8; a write of bytes leaves the head as latin1.
  response.write(Buffer.alloc(0));
}

/** `Connection` and `Upgrade` stay as the node wrote them: they are the answer. */
function switchingHead({ reason, headers }: AnswerHead): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 ${reason}\r\n${lines.join('')}\r\n`;
}

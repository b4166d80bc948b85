import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { DelayLine } from './delay-line.ts';
import type { EdgeClock } from './edge-clock.ts';
import { EdgeError } from './edge-error.ts';
import { withoutHopByHop } from './hop-by-hop.ts';
import { cross, type Link } from './link.ts';
import type { NodeAnswer } from './node-answer.ts';
import { type RawHeaders, toFlatHeaders, toRawHeaders, withoutHeaders } from './raw-headers.ts';
import type { Framing, RequestBody } from './request-body.ts';

const bodilessMethods = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** A request as one node gets it, without what delimits its body. */
export interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  /** The protocol that the client wants to change to. */
  readonly upgrade: string | undefined;
}

/** The way to a node on which a request is sent. */
export interface Way {
  readonly socket: Socket;
  readonly link: Link;
  readonly clock: EdgeClock;
  readonly answerTimeoutMs: number;
}

/**
 * Sends a request on a fresh connection and resolves to the head of the answer; its body is still to come.
 * Throws PU02 when the node or the link fails: the node may have acted on the request by then, so nobody
 * sends it again. A connection carries one request only, because on one that is used again a node's closing
 * it cannot be told from its failing over this request.
 */
export async function deliver(
  message: Message,
  body: RequestBody,
  way: Way,
  signal: AbortSignal,
): Promise<NodeAnswer> {
  const { socket, link, clock } = way;
  const abort = () => socket.destroy(new Error('the client went away'));
  signal.addEventListener('abort', abort, { once: true });
  const stopListening = link.onChange(() => {
    if (link.state() === 'refusing') socket.destroy(new Error('the node was stopped'));
  });
  const cancel = clock.after(way.answerTimeoutMs, () =>
    socket.destroy(new Error('the node did not answer in time')),
  );
  socket.once('close', () => {
    signal.removeEventListener('abort', abort);
    stopListening();
    cancel();
  });
  if (signal.aborted) abort();
  let answer: NodeAnswer | undefined;
  try {
    answer = await converse(message, body, way);
    cancel();
    await cross(link, clock, signal);
    return answer;
  } catch (error) {
    socket.destroy();
    answer?.drop();
    signal.throwIfAborted();
    await cross(link, clock, signal);
    const detail = error instanceof Error ? error.message : String(error);
    throw new EdgeError('PU02', 502, `node ${link.node}: ${detail}`);
  }
}

function converse(message: Message, body: RequestBody, way: Way): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: message.method,
      path: message.path,
      headers: toFlatHeaders(framed(message, body.framing)),
      createConnection: () => way.socket,
    });
    // Otherwise Node closes the connection at the end of the answer, while a body may still be on its way.
    request.shouldKeepAlive = true;
    request.on('error', reject);
    request.on('response', (incoming) => resolve(toResponse(incoming, request, way)));
    request.on('upgrade', (incoming, duplex, head) =>
      resolve(toUpgraded(incoming, duplex, head, way)),
    );
    send(request, body, way);
  });
}

/** What has come of the body travels with the head; what follows takes the link's time by itself. */
function send(request: ClientRequest, body: RequestBody, { link, clock }: Way): void {
  for (const chunk of body.kept) request.write(chunk);
  if (body.ended || body.framing.is === 'none') {
    request.end();
    return;
  }
  // `flushHeaders` would send bytes above 0x7f as UTF-8; a write of bytes leaves the head as latin1.
  request.write(Buffer.alloc(0));
  const line = new DelayLine(link, clock);
  body.follow(line);
  // Not `pipeline`: a line that is destroyed, because the client went away, must not end the request.
  line.pipe(request);
  request.once('close', () => line.destroy());
}

function toResponse(incoming: IncomingMessage, request: ClientRequest, way: Way): NodeAnswer {
  const { socket } = way;
  const line = new DelayLine(way.link, way.clock);
  pipeline(incoming, line, () => {
    // A node may answer early and go on reading; the connection lasts until both directions are through.
    if (request.writableFinished) socket.destroy();
    else request.once('finish', () => socket.destroy());
  });
  line.on('error', () => undefined);
  const drop = () => {
    line.destroy();
    socket.destroy();
  };
  return { is: 'response', ...toHead(incoming), body: line, drop };
}

function toUpgraded(incoming: IncomingMessage, duplex: Duplex, head: Buffer, way: Way): NodeAnswer {
  const fromNode = new DelayLine(way.link, way.clock);
  const toNode = new DelayLine(way.link, way.clock);
  if (head.length > 0) fromNode.write(head);
  // An error of either side destroys both lines; there is nobody else to tell.
  for (const line of [fromNode, toNode]) line.on('error', () => undefined);
  pipeline(duplex, fromNode, () => undefined);
  pipeline(toNode, duplex, () => undefined);
  const drop = () => {
    fromNode.destroy();
    toNode.destroy();
  };
  return { is: 'upgraded', ...toHead(incoming), fromNode, toNode, drop };
}

function toHead(incoming: IncomingMessage) {
  return {
    status: incoming.statusCode ?? 0,
    reason: incoming.statusMessage ?? '',
    headers: toRawHeaders(incoming.rawHeaders),
  };
}

/**
 * The header fields with those of this connection. It says keep-alive though it carries one request only:
 * a node that is told to close does so right after an early answer, with a reset when it has not read all
 * of the body, and the reset can overtake the answer.
 */
function framed(message: Message, framing: Framing): RawHeaders {
  const headers = withoutHeaders(withoutHopByHop(message.headers), ['Content-Length']);
  return [
    ...headers,
    ...connectionHeaders(message.upgrade),
    ...bodyHeaders(message.method, framing),
  ];
}

function connectionHeaders(upgrade: string | undefined): RawHeaders {
  if (upgrade === undefined) return [['Connection', 'keep-alive']];
  return [
    ['Connection', 'Upgrade'],
    ['Upgrade', upgrade],
  ];
}

function bodyHeaders(method: string, framing: Framing): RawHeaders {
  switch (framing.is) {
    case 'length':
      return [['Content-Length', String(framing.bytes)]];
    case 'chunked':
      return [['Transfer-Encoding', 'chunked']];
    case 'none':
      // Without a length, Node would send an empty chunked body with any other method.
      return bodilessMethods.has(method) ? [] : [['Content-Length', '0']];
  }
}

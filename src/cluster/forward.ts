import {
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../domain/failure.ts';
import { type Headers, refusedHeader } from './fleet-auth.ts';
import { toAnswerHeaders } from './forward-headers.ts';

/** A request as it goes to the primary. */
export interface ForwardRequest {
  /** Origin of the primary's private port. */
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The whole body, or the request of the client to stream it from. */
  readonly body: Uint8Array | IncomingMessage;
}

/** How long a forward may take nothing forward. */
export interface ForwardLimits {
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
}

/** How a forward went, when it did not fail: answered, or refused by the primary before anything was done. */
export type ForwardResult =
  | { readonly is: 'answered' }
  | { readonly is: 'refused'; readonly headers: Headers };

/**
 * Sends a request to the primary, once, on a connection of its own, and streams the answer into `response`. A
 * connection that is reused may be closed by the other side just then, and then nobody knows whether the
 * request arrived.
 *
 * Throws `unavailable`, before anything of an answer is written: with the assurance that nothing was written while no
 * connection was made, with the advice to repeat the same `Idempotency-Key` once it was. A break after the
 * answer began breaks the answer off too. A client that leaves ends the request.
 */
export async function forward(
  sent: ForwardRequest,
  response: ServerResponse,
  limits: ForwardLimits,
): Promise<ForwardResult> {
  const upstream = open(sent);
  // The first error before the answer is thrown below. Later ones are of no interest: the primary may answer, and
  // close, before it read the whole body.
  upstream.on('error', () => undefined);
  const leave = () => upstream.destroy(new Error('the client left'));
  response.once('close', leave);
  try {
    const answer = await exchange(upstream, sent.body, limits);
    if (answer.headers[refusedHeader] !== undefined) {
      answer.resume();
      return { is: 'refused', headers: answer.headers };
    }
    writeHead(response, answer);
    // A break on either side destroys both, so the client sees an answer that is cut and not one that is whole.
    await pipeline(answer, response).catch(() => undefined);
    return { is: 'answered' };
  } finally {
    response.off('close', leave);
    upstream.destroy();
    if (!(sent.body instanceof Uint8Array)) {
      // What is left of the upload must be read away, or the client's connection stands still.
      sent.body.unpipe(upstream);
      sent.body.resume();
    }
  }
}

function open({ origin, method, path, headers }: ForwardRequest): ClientRequest {
  try {
    // NOTE: as one URL the path would be normalised, and no longer be what was signed.
    return sendRequest(new URL(origin), { path, method, headers: [...headers], agent: false });
  } catch (error) {
    throw new Failure('malformed', 'The request cannot be sent on as it is.', {}, error);
  }
}

/** Sends everything and waits for the head of the answer. */
function exchange(
  upstream: ClientRequest,
  body: Uint8Array | IncomingMessage,
  limits: ForwardLimits,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isConnected = false;
    const connecting = setTimeout(() => {
      upstream.destroy(new Error('the connection was not made in time'));
    }, limits.connectTimeoutMs);
    upstream.on('socket', (socket) => {
      socket.once('connect', () => {
        isConnected = true;
        clearTimeout(connecting);
        socket.setTimeout(limits.idleTimeoutMs, () => {
          upstream.destroy(new Error('the connection was idle for too long'));
        });
      });
    });
    upstream.once('error', (error) => {
      clearTimeout(connecting);
      reject(isConnected ? outcomeUnknown(error) : notReached(error));
    });
    upstream.once('response', resolve);
    if (body instanceof Uint8Array) upstream.end(body);
    else body.pipe(upstream);
  });
}

function writeHead(response: ServerResponse, answer: IncomingMessage): void {
  response.statusCode = answer.statusCode ?? 502;
  const raw = toAnswerHeaders(answer.rawHeaders);
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    values.set(name, [...(values.get(name) ?? []), raw[index + 1] ?? '']);
  }
  for (const [name, all] of values)
    response.setHeader(name, all.length === 1 ? (all[0] ?? '') : all);
}

function notReached(cause: Error): Failure {
  return new Failure(
    'unavailable',
    'The primary cannot be reached at the moment. Nothing was written.',
    { retryAfterS: 1 },
    cause,
  );
}

function outcomeUnknown(cause: Error): Failure {
  return new Failure(
    'unavailable',
    'The connection to the primary broke after the request was sent, so it is not known whether it took effect. ' +
      'Try again with the same Idempotency-Key: then it takes effect once.',
    { retryAfterS: 1 },
    cause,
  );
}

import { type IncomingHttpHeaders, type IncomingMessage, request as sendNow } from 'node:http';

/** A request of the command line. */
export interface OutgoingRequest {
  readonly method: string;
  readonly origin: string;
  /** Path and query; they are sent exactly so, with `..` and all. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole exchange. */
  readonly timeoutMs: number;
}

/** An answer, read to its end. */
export interface IncomingAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Sends one request on a connection of its own. Rejects with the error of Node when there is no whole answer, and
 * with a `TimeoutError` when there is none in time.
 */
export function sendRequest(outgoing: OutgoingRequest): Promise<IncomingAnswer> {
  const { method, origin, path, headers = {}, body } = outgoing;
  const signal = AbortSignal.timeout(outgoing.timeoutMs);
  return new Promise((resolve, reject) => {
    // An aborted request reports a bare AbortError; the reason tells that it was the time.
    const fail = (error: Error) => reject(signal.aborted ? signal.reason : error);
    const request = sendNow(new URL(origin), {
      method,
      path,
      signal,
      agent: false,
      headers: { Accept: 'application/json', ...headers },
    });
    request.on('error', fail);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      readText(response).then((text) => resolve({ status, headers: answered, text }), fail);
    });
    request.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

/** In words, why there was no answer to `sendRequest` or `fetch`. */
export function describeSilence(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const code = codeOf(error) ?? codeOf(error.cause);
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    case 'ECONNRESET':
      return 'the connection was broken off';
    default:
      return code ?? error.message;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

import { type IncomingHttpHeaders, type IncomingMessage, request as sendNow } from 'node:http';

/** A request of the command line. */
export interface OutgoingRequest {
  readonly method: string;
  readonly origin: string;
  /** Path and query; they are sent exactly so, with `..` and all. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole exchange; of one that is read as it comes, for each part of it. */
  readonly timeoutMs: number;
}

/** An answer whose body is read as it comes: it fails with the error of Node when it breaks off. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
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

/** Sends one request, and resolves when the head of its answer is there. Rejects as `sendRequest` does. */
export function openRequest(outgoing: OutgoingRequest): Promise<OpenAnswer> {
  const { method, origin, path, headers = {}, body, timeoutMs } = outgoing;
  return new Promise((resolve, reject) => {
    const request = sendNow(new URL(origin), {
      method,
      path,
      agent: false,
      timeout: timeoutMs,
      headers: { Accept: 'application/json, application/x-ndjson', ...headers },
    });
    request.on('timeout', () => {
      request.destroy(new DOMException('nothing came in time', 'TimeoutError'));
    });
    request.on('error', reject);
    request.on('response', (response) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    request.end(body);
  });
}

/** The body of an answer as text. */
export async function readText(response: IncomingMessage): Promise<string> {
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

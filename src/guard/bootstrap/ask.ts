// NOTE: an `import` of it makes Node load all of its exports, 14 MB more.
const http = process.getBuiltinModule('node:http');

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Longer answers are none of those that are asked for here. */
const maxBytes = 4 * 2 ** 20;

/**
 * Asks once, on a connection of its own. Rejects with an `Error` in words when there is no whole answer within
 * `timeoutMs`. By `node:http`, since `fetch` would cost
 * the guard a third of its memory.
 */
export function ask(
  url: string,
  options: {
    readonly timeoutMs: number;
    readonly method?: 'GET' | 'DELETE';
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Answer> {
  const { timeoutMs, method = 'GET', headers = {} } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const signal = AbortSignal.timeout(timeoutMs);
  const fail = (error: Error) =>
    reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error);
  // Taken only where it is used, since it brings TLS along.
  const { request: send } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : http;
  const request = send(url, { method, headers, signal, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('error', fail);
    response.on('data', (part: string) => {
      text += part;
      if (text.length > maxBytes) response.destroy(new Error('an answer that is too long'));
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  request.on('error', fail).end();
  return promise;
}

import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { gaveUp } from '../history.ts';

/** A request of a client. */
export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes are sent as they are, all else as JSON. */
  readonly body?: unknown;
  /** How long the whole answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly agent: Agent;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks once. Rejects when there is no whole answer in time: nobody knows then what was done. */
export function ask(url: string, asking: Asking): Promise<Answer> {
  const { method = 'GET', headers = {}, body, timeoutMs, agent } = asking;
  const isRaw = body === undefined || body instanceof Uint8Array;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      agent,
      headers: { ...(!isRaw && { 'Content-Type': 'application/json' }), ...headers },
    });
    const timer = setTimeout(() => sent.destroy(new Error(gaveUp)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    sent.on('error', fail);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    sent.end(isRaw ? body : JSON.stringify(body));
  });
}

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** What may go wrong with one request between a node and its bucket. */
export type BucketFault =
  /** Refused with S3's words, without being passed on. */
  | { readonly is: 'refused'; readonly status: number; readonly code: string }
  /** Passed on after a while. */
  | { readonly is: 'late'; readonly ms: number }
  /** Never answered; passed on or not. */
  | { readonly is: 'mute'; readonly passedOn: boolean }
  /** Done, but the connection breaks before the answer. */
  | { readonly is: 'unanswered' }
  /** The connection breaks when half of the upload has been passed on. */
  | { readonly is: 'torn upload' }
  /** The connection breaks in the middle of the answer's body. */
  | { readonly is: 'torn answer' }
  /** The answer's body is half as long, and says so. */
  | { readonly is: 'short answer' }
  /** One bit of the answer's body is another. */
  | { readonly is: 'changed answer' }
  /** One bit of the upload is another. */
  | { readonly is: 'changed upload' }
  /** A friendly page of something that is no S3 server, with this status; not passed on. */
  | { readonly is: 'page'; readonly status: number }
  /** The answer's clock is off by so much. */
  | { readonly is: 'other clock'; readonly hours: number };

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path behind the bucket, without a slash before it: a key with its prefix; empty for listings. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** How many came before it. */
  readonly index: number;
}

/** Chooses what goes wrong with a request; `undefined`: nothing. */
export type FaultChoice = (request: ProxiedRequest) => BucketFault | undefined;

/** A real proxy before a real S3 server, which lets things go wrong. */
export interface BucketProxy extends AsyncDisposable {
  readonly url: string;
  /** All that came, in order. */
  readonly requests: readonly ProxiedRequest[];
  /** From now on; the one before is forgotten. */
  inject(choose: FaultChoice): void;
  /** From now on nothing goes wrong. */
  heal(): void;
  /** Lets no more than so many bytes be uploaded from now on, as a quota; `undefined`: all. */
  limit(bytes: number | undefined): void;
}

/** Starts a proxy on a free port before the S3 server at `target`. */
export async function startBucketProxy(target: string): Promise<BucketProxy> {
  const requests: ProxiedRequest[] = [];
  let choose: FaultChoice = () => undefined;
  let bytesLeft = Number.POSITIVE_INFINITY;
  const server = createServer((incoming, answer) => {
    const seen = toProxied(incoming, requests.length);
    requests.push(seen);
    const fault = choose(seen);
    serve(incoming, answer, seen, fault).catch(() => answer.destroy());
  });

  async function serve(
    incoming: IncomingMessage,
    answer: ServerResponse,
    seen: ProxiedRequest,
    fault: BucketFault | undefined,
  ): Promise<void> {
    const body = await buffer(incoming);
    if (fault?.is === 'refused') return refuse(answer, fault.status, fault.code);
    if (fault?.is === 'page') {
      answer.writeHead(fault.status, { 'content-type': 'text/html' }).end('<h1>Welcome!</h1>');
      return;
    }
    if (fault?.is === 'mute' && !fault.passedOn) return;
    if (fault?.is === 'late') await wait(fault.ms);
    if (seen.method === 'PUT') {
      if (body.length > bytesLeft) return refuse(answer, 403, 'QuotaExceeded');
      bytesLeft -= body.length;
    }
    const upload = fault?.is === 'changed upload' ? flipBit(body) : body;
    const got = await passOn(target, incoming, upload, fault?.is === 'torn upload');
    if (got === undefined || fault?.is === 'unanswered') return void answer.destroy();
    if (fault?.is === 'mute') return;
    const shown =
      fault?.is === 'changed answer'
        ? flipBit(got.body)
        : fault?.is === 'short answer'
          ? got.body.subarray(0, got.body.length / 2)
          : got.body;
    const headers: Record<string, string | string[] | undefined> = { ...got.headers };
    delete headers['transfer-encoding'];
    headers['content-length'] = `${shown.length}`;
    if (fault?.is === 'other clock') {
      headers.date = new Date(Date.now() + fault.hours * 3_600_000).toUTCString();
    }
    answer.writeHead(got.status, headers);
    if (fault?.is !== 'torn answer') return void answer.end(shown);
    answer.write(shown.subarray(0, shown.length / 2), () => answer.destroy());
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    inject(choice) {
      choose = choice;
    },
    heal() {
      choose = () => undefined;
    },
    limit(bytes) {
      bytesLeft = bytes ?? Number.POSITIVE_INFINITY;
    },
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** The faults in turn, one for each request; then nothing goes wrong any more. */
export function inTurn(...faults: readonly (BucketFault | undefined)[]): FaultChoice {
  const left = faults.values();
  return () => left.next().value;
}

function toProxied(incoming: IncomingMessage, index: number): ProxiedRequest {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://proxy');
  const [, , ...key] = pathname.split('/');
  return { method: incoming.method ?? '', key: key.join('/'), query: searchParams, index };
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>injected</Message></Error>`;
  answer.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}

/** The Host header stays, since it is signed. `undefined` when the connection to the server broke. */
function passOn(
  target: string,
  incoming: IncomingMessage,
  body: Buffer,
  isTorn: boolean,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer } | undefined> {
  return new Promise((resolve) => {
    const outgoing = request(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method, headers: incoming.headers, agent: false },
      (got) => {
        buffer(got).then(
          (content) =>
            resolve({ status: got.statusCode ?? 500, headers: got.headers, body: content }),
          () => resolve(undefined),
        );
      },
    );
    outgoing.once('error', () => resolve(undefined));
    if (isTorn) outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
    else outgoing.end(body);
  });
}

function flipBit(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  const at = changed.length >> 1;
  if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

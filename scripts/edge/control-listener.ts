import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Edge } from './edge.ts';
import { faultCommandSchema } from './fault-command.ts';
import { knobsSchema } from './knobs-schema.ts';
import type { ListenAddress } from './listener.ts';

/** The way to an edge that runs in another process. */
export interface ControlListener extends AsyncDisposable {
  /** Its origin, such as `http://127.0.0.1:9000`. */
  readonly url: string;
}

/**
 * Lets another process read and disturb an edge. `GET /` tells its URLs, nodes, counters and knobs;
 * `POST /faults` takes one fault (`fault-command.ts`), `POST /knobs` the knobs to change,
 * `POST /counters/reset` nothing. Each answers as `GET /` does; a mistake is a 400 that names it.
 * For loopback only: who reaches it may do anything.
 */
export async function startControl(edge: Edge, address: ListenAddress): Promise<ControlListener> {
  const server = createServer((request, response) => {
    answer(edge, request, response).catch((error: unknown) => {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${error instanceof Error ? error.message : error}\n`);
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(address.port, address.host, resolve);
  await promise;
  const bound = server.address() as AddressInfo;
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${host}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(edge: Edge, request: IncomingMessage, response: ServerResponse) {
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      break;
    case 'POST /faults':
      parse(faultCommandSchema(edge), await readJson(request))(edge.faults);
      break;
    case 'POST /knobs':
      Object.assign(edge.knobs, parse(knobsSchema, await readJson(request)));
      break;
    case 'POST /counters/reset':
      edge.resetCounters();
      break;
    default:
      response.writeHead(404).end();
      return;
  }
  const { urls, counters, knobs } = edge;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ urls, nodes: edge.nodes(), counters, knobs }, null, 2)}\n`);
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // A page in a browser cannot send this type without asking first.
  if (request.headers['content-type'] !== 'application/json') {
    throw new Error('the body must be application/json');
  }
  const chunks: Buffer[] = await request.toArray();
  return JSON.parse(Buffer.concat(chunks).toString());
}

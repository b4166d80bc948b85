import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ListenAddress } from './config.ts';
import { type ConsulProxy, readBody } from './consul-proxy.ts';
import type { GuardView } from './guard-view.ts';
import { toProgress } from './mark.ts';
import type { GuardMetrics } from './metrics.ts';
import type { ProgressView } from './progress.ts';

const http = process.getBuiltinModule('node:http');

/** Longer than Go keeps an idle connection (90 s), so that LiteFS never writes into one that is being closed. */
const keepAliveMs = 120_000;

interface Rooms {
  readonly proxy: ConsulProxy;
  readonly view: GuardView;
  readonly progress: ProgressView;
  readonly metrics: GuardMetrics;
}

/** The guard's HTTP: `/v1/…` is LiteFS's Consul, `/guard/…` is for the app and for people. */
export function createGuardServer(rooms: Rooms): Server {
  const server = http.createServer((incoming, outgoing) => {
    route(rooms, incoming, outgoing).catch((error) => outgoing.destroy(error));
  });
  server.keepAliveTimeout = keepAliveMs;
  return server;
}

/** Rejects when the address is in use. */
export async function listenAt(server: Server, address: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(address, resolve);
  await promise;
}

async function route(
  { proxy, view, progress, metrics }: Rooms,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method, url = '' } = incoming;
  if (url.startsWith('/v1/')) {
    await proxy.answer(incoming, outgoing);
    return;
  }
  switch (`${method} ${url}`) {
    case 'GET /guard/lease':
      sendJson(outgoing, 200, view.lease());
      return;
    case 'GET /guard/metrics':
      outgoing.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
      outgoing.end(metrics.render(view.gauges()));
      return;
    case 'PUT /guard/progress': {
      const told = parseProgress((await readBody(incoming)).toString('utf8'));
      if (told === undefined) {
        sendJson(outgoing, 400, { error: 'expected { "epoch": 3, "txid": "00000000000000aa" }' });
        return;
      }
      progress.tell(told);
      outgoing.writeHead(204).end();
      return;
    }
    default:
      sendJson(outgoing, 404, {
        error: 'the guard has /guard/lease, /guard/progress, /guard/metrics',
      });
  }
}

function parseProgress(text: string) {
  try {
    return toProgress(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sendJson(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

const { once } = process.getBuiltinModule('node:events');

// NOTE: an `import` of it makes Node load all of its exports, 14 MB more.
const http = process.getBuiltinModule('node:http');

/** How a node that waits is told apart. */
export interface WaitingNode {
  readonly node: string;
  readonly region: string;
  readonly version: string;
}

/**
 * Answers `/status` on the private port, in place of the app, while LiteFS is not started: other nodes learn that this
 * one has no links, and people why it waits. Everything else is 503. Rejects when the port is taken.
 */
export async function serveWaitingStatus(
  { node, region, version }: WaitingNode,
  at: { readonly host: string; readonly port: number; readonly sentence: () => string },
): Promise<AsyncDisposable> {
  const startedMs = performance.now();
  const server = http.createServer((request, response) => {
    const isStatus = request.method === 'GET' && request.url === '/status';
    response.writeHead(isStatus ? 200 : 503, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Retry-After': '1',
      Connection: 'close',
    });
    const status = {
      node,
      region,
      role: 'joining',
      primary: null,
      position: null,
      lagMs: null,
      epoch: null,
      schema: null,
      version,
      uptimeS: Math.floor((performance.now() - startedMs) / 1000),
      writerOpen: false,
      waitsFor: at.sentence(),
    };
    response.end(JSON.stringify(isStatus ? status : { waitsFor: at.sentence() }));
  });
  server.listen(at.port, at.host);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

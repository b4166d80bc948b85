import type { RequestListener } from 'node:http';
import type { Config } from '../config.ts';
import { createClientErrorHandler } from '../http/client-error.ts';
import { listen } from '../listen.ts';
import { createBoundedServer } from '../redirect/bounded-server.ts';
import { oneATurn } from '../redirect/one-a-turn.ts';
import type { Redirects } from '../redirect/redirects.ts';
import type { Metrics } from './metrics/metrics.ts';

/**
 * Listens on both ports, the private one first. Redirects are answered before all else that comes to the public one.
 * Rejects when a port is taken.
 */
export async function openPorts(
  { http }: Config,
  parts: {
    readonly publicApp: RequestListener;
    readonly privateApp: RequestListener;
    readonly redirects: Pick<Redirects, 'handle'>;
    readonly metrics: Pick<Metrics, 'countDropped'>;
    readonly opened: AsyncDisposableStack;
  },
): Promise<{ readonly url: string; readonly privateUrl: string }> {
  const { publicApp, privateApp, redirects, metrics, opened } = parts;
  const { baseUrl, host, port, privateHost, privatePort, maxConnections } = http;
  const handleOther = oneATurn(publicApp);
  const publicServer = createBoundedServer(
    (request, response) => {
      if (!redirects.handle(request, response)) handleOther(request, response);
    },
    { maxConnections },
  );
  publicServer.on('drop', metrics.countDropped);
  publicServer.on('clientError', createClientErrorHandler(baseUrl));
  const privateServer = createBoundedServer(oneATurn(privateApp));
  const { url: privateUrl } = opened.use(
    await listen(privateServer, { host: privateHost, port: privatePort, variable: 'PRIVATE_PORT' }),
  );
  const { url } = opened.use(await listen(publicServer, { host, port, variable: 'PORT' }));
  return { url, privateUrl };
}

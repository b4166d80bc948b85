import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CatchUp } from '../../src/domain/cluster.ts';
import type { RedirectStore } from '../../src/domain/redirect-store.ts';
import { createBoundedServer, type ServerBounds } from '../../src/redirect/bounded-server.ts';
import type { Outcome } from '../../src/redirect/hit-answers.ts';
import {
  createRedirects,
  type Redirects,
  type RedirectsDeps,
} from '../../src/redirect/redirects.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { FakeRecorder } from './fake-recorder.ts';
import { MemoryRedirectStore } from './memory-redirect-store.ts';
import { renderTestProblem } from './render-test-problem.ts';

/** The redirect path on a port of its own, over a copy of links that is in memory unless a test gives another. */
export interface RedirectServer<Store = MemoryRedirectStore> extends AsyncDisposable {
  readonly port: number;
  readonly http: Server;
  readonly store: Store;
  readonly clock: FakeClock;
  /** Holds nothing when a test gives another. */
  readonly recorder: FakeRecorder;
  readonly redirects: Redirects;
  /** Targets that the redirect path left to Express, which answers 418 here. */
  readonly passedOn: string[];
  readonly outcomes: Map<Outcome, number>;
  readonly errors: unknown[];
  /** Sends a request that follows nothing. */
  fetch(target: string, init?: RequestInit): Promise<Response>;
}

/** Starts it over links in memory, as the primary unless `catchUp` says otherwise. */
export async function startRedirectServer(
  given: Partial<RedirectsDeps> & {
    readonly store?: MemoryRedirectStore;
    readonly bounds?: ServerBounds;
  } = {},
): Promise<RedirectServer> {
  const { store = new MemoryRedirectStore(), ...deps } = given;
  const server = await serveRedirects({ store, stamp: store.stamp, ...deps });
  return Object.assign(server, { store });
}

/** Starts it over any store. */
export async function serveRedirects(
  given: Partial<RedirectsDeps> &
    Pick<RedirectsDeps, 'store' | 'stamp'> & { readonly bounds?: ServerBounds },
): Promise<RedirectServer<RedirectStore>> {
  const { bounds, ...deps } = given;
  const clock = fakeClock();
  const recorder = new FakeRecorder();
  const outcomes = new Map<Outcome, number>();
  const errors: unknown[] = [];
  const redirects = createRedirects({
    catchUp: onPrimary,
    recorder,
    clock,
    destinationPolicy: { ownHosts: ['go.example.com'], allowPrivate: false },
    cacheMaxBytes: 1_000_000,
    renderProblem: renderTestProblem,
    log: { error: (line: { err: unknown }) => errors.push(line.err) },
    observe: (outcome, count) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count),
    ...deps,
  });
  const passedOn: string[] = [];
  const server = createBoundedServer((request, response) => {
    if (redirects.handle(request, response)) return;
    passedOn.push(request.url ?? '');
    response.writeHead(418).end();
  }, bounds);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    http: server,
    store: deps.store,
    clock,
    recorder,
    redirects,
    passedOn,
    outcomes,
    errors,
    fetch: (target, init) =>
      fetch(`http://127.0.0.1:${port}${target}`, { redirect: 'manual', ...init }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A primary has always caught up. */
const onPrimary: CatchUp = { catchUp: () => Promise.resolve(true) };

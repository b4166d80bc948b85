import { Registry } from 'prom-client';
import { createFleetAuth, type FleetAuth } from '../../src/cluster/fleet-auth.ts';
import { deriveKeys } from '../../src/cluster/fleet-key.ts';
import { readClaims } from '../../src/cluster/forward-claims.ts';
import { createPrimaryRoute } from '../../src/cluster/primary-route.ts';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import type { Progress, Txid } from '../../src/domain/position.ts';
import type { Role } from '../../src/domain/role.ts';
import { createPrivateApp, type PrivateParts } from '../../src/http/private-app.ts';
import type { HttpSettings } from '../../src/http/public-app.ts';
import { systemClock } from '../../src/system-clock.ts';
import { copyAt } from './copy-at.ts';
import { FakeCluster } from './fake-cluster.ts';
import { listen } from './listen.ts';
import { seededRandom } from './seeded-random.ts';
import { startTestApp, type TestApp } from './test-app.ts';

/** The secret of test fleets. */
export const testFleetSecret = 'the secret of a fleet, 32 signs or more';

/** A node of a test fleet: its public app with a real way to the primary, and its private port. */
export interface TestNode extends AsyncDisposable {
  readonly id: string;
  readonly public: TestApp;
  readonly privateUrl: string;
  readonly auth: FleetAuth;
  /** Every delivery of clicks that came in. */
  readonly delivered: Uint8Array[];
  /** Every order to hand the lease over: to whom. */
  readonly ordered: { readonly at: string; readonly to: string | undefined }[];
  /** Everything that was asked of it about restoring. */
  readonly restores: object[];
  /** What is said to a delivery; 200 and its length while this is not set. */
  receive: PrivateParts['receiveClicks'] | undefined;
}

/**
 * Starts a node. `privateUrls` is shared by the nodes of a fleet, each of which adds its own. Every node has
 * a database of its own; nothing is replicated.
 */
export async function startTestNode(options: {
  readonly id: string;
  readonly role: Role;
  readonly privateUrls: Map<string, string>;
  readonly settings?: Partial<HttpSettings>;
}): Promise<TestNode> {
  const { id, role, privateUrls, settings = {} } = options;
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const auth = createFleetAuth({
    secrets: [testFleetSecret],
    node: id,
    clock,
    random: seededRandom(id),
  });
  const cluster = new FakeCluster(role, id);
  cluster.privateUrls = (node) => privateUrls.get(node);
  const app = stack.use(
    await startTestApp({
      settings,
      cluster,
      parts: ({ log }) => ({
        primaryRoute: createPrimaryRoute({
          cluster,
          mode: 'forward',
          replayMaxBytes: 1_000_000,
          auth,
          replayStateKeys: deriveKeys([testFleetSecret], 'replay-state'),
          clock,
          log,
        }),
      }),
    }),
  );
  const delivered: Uint8Array[] = [];
  const ordered: { at: string; to: string | undefined }[] = [];
  const restores: object[] = [];
  const state: Pick<TestNode, 'receive'> = { receive: undefined };
  const progress: Progress = { epoch: 3, txid: '0000000000000042' as Txid };
  const privateApp = createPrivateApp({
    publicApp: app.app,
    fleet: auth,
    readClaims,
    cluster,
    primaryProgress: () =>
      cluster.role().is === 'primary' && !app.isOpening ? progress : undefined,
    bookmarks: app.parts.bookmarks,
    isWriterOpen: () => cluster.role().is === 'primary' && !app.isOpening,
    receiveClicks: async (body) => {
      delivered.push(body);
      return (await state.receive?.(body)) ?? { status: 200, body: { length: body.length } };
    },
    readCopy: async () => copyAt(7),
    handOver: async (to) => {
      ordered.push({ at: id, to });
      if (to === 'nobody') throw new Failure('conflict', 'nobody is no candidate.');
      return { from: id, to: to ?? 'other', heldMs: 12 };
    },
    orderHandoff: async (to) => {
      ordered.push({ at: id, to });
      return { status: to === 'nobody' ? 409 : 200, body: '{"said":"by the primary"}' };
    },
    restore: {
      desk: {
        describe() {
          if (cluster.role().is !== 'primary') throw new NotPrimary();
          return { name: 'go.example.com', node: id, epoch: 3 };
        },
        async add(database, at, bytes, total) {
          restores.push({ at: id, database, from: at, bytes: bytes.length, total });
        },
        async restore(order) {
          restores.push({ at: id, order });
          return { epoch: 5, heldMs: 12, clicksKept: null, before: '/before' };
        },
      },
      async relay({ method, path, body }) {
        restores.push({ at: id, relayed: `${method} ${path}`, bytes: body.length });
        return { status: 200, body: '{"said":"by the primary"}' };
      },
    },
    readStatus: app.parts.readStatus,
    metrics: new Registry(),
    renderProblem: app.parts.renderProblem,
    random: seededRandom(`private ${id}`),
    log: app.parts.log,
  });
  const { port } = stack.use(await listen(privateApp));
  const privateUrl = `http://127.0.0.1:${port}`;
  privateUrls.set(id, privateUrl);
  const owned = stack.move();
  return Object.assign(state, {
    id,
    public: app,
    privateUrl,
    auth,
    delivered,
    ordered,
    restores,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

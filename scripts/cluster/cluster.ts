import { join } from 'node:path';
import { readLease } from '../../src/cluster/litefs-info.ts';
import type { Edge } from '../edge/edge.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { Consul } from './consul.ts';
import { startEdges } from './edges.ts';
import { type RunRecord, releaseFolder, takeFolder, writeRun } from './folder.ts';
import { Network } from './network.ts';
import { nodeEnvironment } from './node-environment.ts';
import { NodeProcess, type NodeVariant } from './node-process.ts';
import { askNode, type NodeAnswer } from './node-status.ts';
import { consulHost, firstNodes, type PlannedNode, planNode, primaryRegion } from './topology.ts';
import { until } from './until.ts';

/** From nothing to ready takes about 5 s on two idle cores; busy ones get more time. */
const defaultReadyTimeoutMs = 60_000;
const leaseTimeoutMs = 1_000;

/** What a cluster is started with. */
export interface ClusterOptions {
  /** Absolute folder for everything it writes. */
  readonly dir: string;
  /** Goes on with the data of the last run in that folder. */
  readonly keep?: boolean;
  /** The first three parts of its addresses, such as `127.0.2`; the first free ones when left out. */
  readonly network?: string | undefined;
  /** How writes reach the primary; `fly` when left out. */
  readonly replay?: 'fly' | 'forward';
  /** Whether ways between regions take as long as real ones. */
  readonly latency?: boolean;
  /** `false` starts all nodes without a guard, unless their variant says otherwise. */
  readonly guard?: boolean;
  /** How a node differs from what the repository says, each time it is started. */
  readonly variant?: (node: PlannedNode) => NodeVariant;
  /** How long nodes may take until they redirect, milliseconds; long enough for empty ones when left out. */
  readonly readyTimeoutMs?: number;
  /** Aborts the start; what was started by then is ended. */
  readonly signal?: AbortSignal;
  /** Ends everything at once instead of in peace, from the moment it aborts. */
  readonly now?: AbortSignal;
}

/** A fleet on this machine: edges, Consul and nodes, as real as one machine allows. */
export class LocalCluster implements AsyncDisposable {
  readonly dir: string;
  readonly consul: Consul;
  readonly edge: Edge;
  readonly network: Network;
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, NodeProcess>();
  #run: RunRecord;
  #ending = false;
  #owned = new AsyncDisposableStack();

  private constructor(
    options: ClusterOptions,
    parts: { readonly run: RunRecord; readonly network: Network; readonly edge: Edge },
  ) {
    this.dir = options.dir;
    this.network = parts.network;
    this.edge = parts.edge;
    this.#options = options;
    this.#run = parts.run;
    this.consul = new Consul({
      dir: join(options.dir, 'consul'),
      address: parts.network.address(consulHost),
      run: parts.run.id,
    });
  }

  /**
   * Starts everything and waits until all nodes are ready, the edges send them requests, and writes find the primary.
   * When that fails or is aborted, what was started has ended by the time this rejects. Throws `ClusterFailure`s.
   */
  static async start(options: ClusterOptions): Promise<LocalCluster> {
    await using stack = new AsyncDisposableStack();
    const run = await takeFolder(options.dir, { keep: options.keep ?? false });
    const plans = run.nodes.length > 0 ? run.nodes : firstNodes;
    const hosts = plans.map((plan) => plan.host);
    stack.defer(() => releaseFolder(options.dir));
    const network = stack.use(await Network.claim(hosts, options.network));
    const edge = await startEdges({ latency: options.latency ?? false });
    const cluster = new LocalCluster(options, { run, network, edge });
    stack.defer(() => cluster.consul.stop(options.now));
    stack.defer(() => cluster.#endNodes());
    stack.use(edge);
    for (const plan of plans) cluster.#admit(plan);
    await cluster.consul.start(options.signal);
    await Promise.all(cluster.nodes.map((node) => cluster.startNode(node.id)));
    await Promise.all(cluster.nodes.map((node) => cluster.#waitUntilReady(node)));
    await until(async () => isOfOneMind(await Promise.all(cluster.nodes.map(askNode))), {
      what: 'all nodes follow a primary that takes writes',
      ...cluster.#patience,
    });
    cluster.#owned = stack.move();
    return cluster;
  }

  /** The nodes in the order they came, running or not. */
  get nodes(): readonly NodeProcess[] {
    return [...this.#nodes.values()];
  }

  /** What signs in as the operator. */
  get adminKey(): string {
    return this.#run.adminKey;
  }

  /** What the nodes sign with. */
  get fleetSecret(): string {
    return this.#run.fleetSecret;
  }

  /** A node by its id. Throws a `ClusterFailure` when there is none. */
  node(id: string): NodeProcess {
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    const known = this.nodes.map((each) => each.id).join(', ');
    throw new ClusterFailure(`${id} is not a node of this cluster: ${known}.`);
  }

  /** The node whose LiteFS holds the lease; `undefined` while none does. */
  async findPrimary(): Promise<NodeProcess | undefined> {
    const holds = await Promise.all(this.nodes.map((node) => holdsLease(node)));
    return this.nodes.find((_, index) => holds[index]);
  }

  /** Starts a node that does not run. Resolves long before it is ready. */
  async startNode(id: string): Promise<void> {
    const node = this.node(id);
    if (this.#ending) throw new ClusterFailure('The cluster is ending.');
    const { variant, guard } = this.#options;
    await node.start({ ...(guard !== undefined && { guard }), ...variant?.(node.plan) });
  }

  /**
   * Adds a node with an empty volume and waits until the edges send it requests. It is in the fleet afterwards also
   * when that takes too long and this throws.
   */
  async add(id: string, region?: string): Promise<NodeProcess> {
    const plan = planNode(
      this.nodes.map((node) => node.plan),
      id,
      region,
    );
    const node = this.#admit(plan);
    await this.startNode(id);
    await this.waitUntilRouted(id);
    return node;
  }

  /**
   * Waits until a node that was started can redirect and the edges send it requests. It may have to wait for a new
   * primary before its schema is the right one.
   */
  async waitUntilRouted(id: string): Promise<void> {
    await this.node(id).waitUntil(
      async () => {
        await this.edge.checkHealth();
        return this.edge.nodes().some((view) => view.id === id && view.healthy);
      },
      { what: `${id} can redirect`, ...this.#patience },
    );
  }

  async #waitUntilReady(node: NodeProcess): Promise<void> {
    await node.waitUntil(() => node.isReady(), { what: `${node.id} is ready`, ...this.#patience });
    await this.waitUntilRouted(node.id);
  }

  get #patience() {
    const { signal, readyTimeoutMs = defaultReadyTimeoutMs } = this.#options;
    return { timeoutMs: readyTimeoutMs, ...(signal && { signal }) };
  }

  /** Ends the edges, the nodes, Consul, in this order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  /** The primary ends last, so that no other node takes the lease over only to end as well. */
  async #endNodes(): Promise<void> {
    const { now } = this.#options;
    this.#ending = true;
    const primary = await this.findPrimary();
    const others = this.nodes.filter((node) => node !== primary);
    const ends = await Promise.allSettled(others.map((node) => node.stop(now)));
    await primary?.stop(now);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #admit(plan: PlannedNode): NodeProcess {
    const dir = join(this.dir, plan.id);
    const address = this.network.address(plan.host);
    const node = new NodeProcess({
      plan,
      dir,
      address,
      run: this.#run.id,
      env: () =>
        nodeEnvironment({
          node: plan,
          dir,
          address,
          peers: new Map(this.nodes.map((peer) => [peer.id, peer.privateUrl])),
          fleet: {
            baseUrl: this.edge.urls[primaryRegion] as string,
            consulUrl: this.consul.url,
            fleetSecret: this.#run.fleetSecret,
            adminKey: this.#run.adminKey,
            replay: this.#options.replay ?? 'fly',
          },
        }),
    });
    this.#nodes.set(plan.id, node);
    this.#run = { ...this.#run, nodes: this.nodes.map((each) => each.plan) };
    writeRun(this.dir, this.#run);
    this.edge.addNode({ id: plan.id, region: plan.region, url: node.url });
    return node;
  }
}

/** Whether one node is primary with an open writer, and all others follow it into its epoch. */
function isOfOneMind(answers: readonly (NodeAnswer | undefined)[]): boolean {
  const primary = answers.find((answer) => answer?.writerOpen);
  if (primary === undefined) return false;
  return answers.every(
    (answer) =>
      answer === primary || (answer?.role === 'replica' && answer.epoch === primary.epoch),
  );
}

async function holdsLease(node: NodeProcess): Promise<boolean> {
  if (!node.isRunning) return false;
  try {
    const lease = await readLease(node.liteFsUrl, AbortSignal.timeout(leaseTimeoutMs));
    return lease.isPrimary;
  } catch (error) {
    // Not listening yet, or not any more.
    if (error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

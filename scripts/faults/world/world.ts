import { join } from 'node:path';
import { Consul } from '../../cluster/consul.ts';
import { readRun, releaseFolder, takeFolder, writeRun } from '../../cluster/folder.ts';
import { type Environment, nodeEnvironment, nodeFolders } from '../../cluster/node-environment.ts';
import { NodeProcess, type NodeVariant } from '../../cluster/node-process.ts';
import { askNode } from '../../cluster/node-status.ts';
import { consulHost, firstNodes, type PlannedNode, primaryRegion } from '../../cluster/topology.ts';
import { until } from '../../cluster/until.ts';
import { type Edge, startEdge } from '../../edge/edge.ts';
import type { Answered } from '../../edge/reach.ts';
import { LeaseStore } from './lease.ts';
import { Namespace, Switch, sweepNamespaces } from './namespace.ts';
import { SmallDisk, unmountDisks } from './small-disk.ts';

const readyTimeoutMs = 60_000;
/** Where LiteFS finds the lease (scripts/cluster/node-environment.ts). */
const leaseKey = 'hoplite/cluster/1';
/** Small enough to be filled in a moment, large enough for a run: LiteFS keeps every transaction for ten minutes. */
const diskMegabytes = { data: 512, spool: 128 } as const;

/** Two candidates in the primary region and a replica far away. */
const plans: readonly PlannedNode[] = firstNodes.slice(0, 3);

/** A node, and the machine around it. */
export interface WorldNode {
  readonly id: string;
  readonly process: NodeProcess;
  /** What its programs find in their environment. */
  readonly env: () => Environment;
  readonly namespace: Namespace;
  /** Where LiteFS has its data. */
  readonly dataDisk: SmallDisk;
  /** Where the spool is. */
  readonly spoolDisk: SmallDisk;
}

/** What a world is made from. */
export interface WorldOptions {
  /** Absolute folder for everything it writes. */
  readonly dir: string;
  /** A copy of the repository that the nodes run from; this one when left out. */
  readonly projectDir?: string | undefined;
  /** Told of each answer of a node that goes through the edge. */
  readonly onAnswer: (answered: Answered) => void;
  /** Aborts the start, and all waiting. */
  readonly signal: AbortSignal;
}

/**
 * A fleet in which every machine has a network namespace and disks of its own, so that each fault is one of the
 * system's and none is played. This process has to be in a network namespace of its own, which nobody else is in.
 */
export class World implements AsyncDisposable {
  readonly run: string;
  readonly adminKey: string;
  readonly fleetSecret: string;
  readonly consul: Consul;
  readonly consulAddress: string;
  readonly lease: LeaseStore;
  readonly edge: Edge;
  readonly nodes: readonly WorldNode[];
  /** What nodes that are started from now on run from; this repository when `undefined`. */
  projectDir: string | undefined;
  readonly #options: WorldOptions;
  #owned = new AsyncDisposableStack();

  private constructor(
    options: WorldOptions,
    parts: Pick<World, 'run' | 'adminKey' | 'fleetSecret' | 'consul' | 'edge' | 'nodes'> & {
      readonly consulAddress: string;
    },
  ) {
    this.#options = options;
    this.projectDir = options.projectDir;
    this.run = parts.run;
    this.adminKey = parts.adminKey;
    this.fleetSecret = parts.fleetSecret;
    this.consul = parts.consul;
    this.consulAddress = parts.consulAddress;
    this.lease = new LeaseStore(parts.consul.url, leaseKey);
    this.edge = parts.edge;
    this.nodes = parts.nodes;
  }

  /**
   * Takes away what an earlier run left behind in the folder, makes the machines, starts everything on them and waits until all
   * nodes follow one primary. What was made has ended by the time this rejects. Throws `ClusterFailure`s.
   */
  static async start(options: WorldOptions): Promise<World> {
    const { dir } = options;
    await using stack = new AsyncDisposableStack();
    await unmountDisks(dir);
    const last = readRun(dir);
    const record = await takeFolder(dir, { keep: false });
    if (last !== undefined) await sweepNamespaces(last.id);
    writeRun(dir, { ...record, nodes: [...plans] });
    stack.defer(() => releaseFolder(dir));
    stack.defer(() => unmountDisks(dir));
    const plug = stack.use(await Switch.openHere());

    const consulMachine = stack.use(await Namespace.create(record.id, 'consul', consulHost, plug));
    const consul = new Consul({
      dir: join(dir, 'consul'),
      address: consulMachine.address,
      run: record.id,
      within: consulMachine.within,
    });
    stack.defer(() => consul.kill());
    const edge = stack.use(
      await startEdge({
        regions: [...new Set(plans.map(({ region }) => region))],
        health: { path: '/healthz', intervalMs: 250, timeoutMs: 500 },
        onAnswer: options.onAnswer,
      }),
    );

    const nodes: WorldNode[] = [];
    for (const plan of plans) {
      const namespace = stack.use(await Namespace.create(record.id, plan.id, plan.host, plug));
      const nodeDir = join(dir, plan.id);
      const folders = nodeFolders(nodeDir);
      const env = (): Environment => ({
        ...nodeEnvironment({
          node: plan,
          dir: nodeDir,
          address: namespace.address,
          peers: new Map(nodes.map((peer) => [peer.id, peer.process.privateUrl])),
          fleet: {
            baseUrl: edge.urls[primaryRegion] as string,
            consulUrl: consul.url,
            fleetSecret: record.fleetSecret,
            adminKey: record.adminKey,
            replay: 'fly',
          },
        }),
        // Clients of the run write more in a minute than people do.
        WRITES_PER_MINUTE: '1000000',
        // A third of what is usual, so that a run has time for more than one failover that loses something.
        GUARD_GRACE: '20s',
      });
      const process = new NodeProcess({
        plan,
        dir: nodeDir,
        address: namespace.address,
        run: record.id,
        within: namespace.within,
        env,
      });
      stack.defer(() => process.kill());
      nodes.push({
        id: plan.id,
        process,
        env,
        namespace,
        dataDisk: await SmallDisk.mount(folders.volume, diskMegabytes.data),
        spoolDisk: await SmallDisk.mount(folders.data, diskMegabytes.spool),
      });
    }

    const world = new World(options, {
      run: record.id,
      adminKey: record.adminKey,
      fleetSecret: record.fleetSecret,
      consul,
      consulAddress: consulMachine.address,
      edge,
      nodes,
    });
    await consul.start(options.signal);
    await Promise.all(nodes.map((node) => world.startNode(node)));
    for (const { id, process } of nodes) {
      edge.addNode({ id, region: process.plan.region, url: process.url });
    }
    await world.untilSettled(options.signal);
    world.#owned = stack.move();
    return world;
  }

  /** A node by its id. */
  node(id: string): WorldNode {
    const found = this.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`${id} is not a node`);
    return found;
  }

  /** Starts a node that does not run. Resolves long before it is ready. */
  async startNode(node: WorldNode, more: NodeVariant = {}): Promise<void> {
    const { projectDir } = this;
    await node.process.start({ ...(projectDir !== undefined && { projectDir }), ...more });
  }

  /** The node that takes writes; `undefined` while none does. */
  async findPrimary(): Promise<WorldNode | undefined> {
    const answers = await Promise.all(this.nodes.map(({ process }) => askNode(process)));
    return this.nodes.find((_, index) => answers[index]?.writerOpen);
  }

  /** Waits for a node that takes writes, other than `not`. */
  untilPrimary(not?: WorldNode, timeoutMs = readyTimeoutMs): Promise<WorldNode> {
    return until(
      async () => {
        const primary = await this.findPrimary();
        return primary === not ? undefined : primary;
      },
      { what: 'a node takes writes', timeoutMs, signal: this.#options.signal },
    );
  }

  /** Waits until a node that was started can redirect and gets requests from the edge. */
  async untilUp(node: WorldNode): Promise<void> {
    await node.process.waitUntil(
      async () => {
        await this.edge.checkHealth();
        return this.edge.nodes().some(({ id, healthy }) => id === node.id && healthy);
      },
      {
        what: `${node.id} can redirect`,
        timeoutMs: readyTimeoutMs,
        signal: this.#options.signal,
      },
    );
  }

  /** Waits until one node takes writes and all others follow it into its epoch and are ready. */
  async untilSettled(signal: AbortSignal = this.#options.signal): Promise<void> {
    await until(
      async () => {
        const answers = await Promise.all(this.nodes.map(({ process }) => askNode(process)));
        const primary = answers.find((answer) => answer?.writerOpen);
        return (
          primary !== undefined &&
          answers.every(
            (answer) =>
              answer === primary || (answer?.role === 'replica' && answer.epoch === primary.epoch),
          )
        );
      },
      { what: 'all nodes follow a primary that takes writes', timeoutMs: readyTimeoutMs, signal },
    );
    for (const node of this.nodes) await this.untilUp(node);
  }

  /** Ends the nodes and Consul at once, and takes their machines away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

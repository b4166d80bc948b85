import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Cluster } from '../domain/cluster.ts';
import type { Position } from '../domain/position.ts';
import { isSameRole, type NodeId, type Role } from '../domain/role.ts';
import type { CopyPositions } from './copy-state.ts';
import { parseLag } from './lag.ts';
import type { LeaseView } from './litefs-event.ts';
import { LiteFsEvents } from './litefs-events.ts';
import { DeadMount, Mount } from './mount.ts';
import { isNodeId } from './node-name.ts';
import { parsePeers } from './peers.ts';
import { bytesInPosition, PositionFile, toPosition } from './position-file.ts';
import { RoleView } from './role-view.ts';

/** What a `LiteFsCluster` needs. */
export interface LiteFsClusterOptions {
  /** This node's id, the same as LiteFS's `lease.hostname`. */
  readonly node: NodeId;
  readonly region: string;
  /** LiteFS's mount. */
  readonly litefsDir: string;
  /** Origin of LiteFS's HTTP API. */
  readonly litefsUrl: string;
  /** Where private ports are: see `parsePeers`. */
  readonly peerUrl: string;
  readonly log: Logger;
  /**
   * Called once when LiteFS is gone from its mount, at most about a second after it went. The process should end:
   * none of its database handles will ever work again.
   */
  readonly onDeadMount: (error: DeadMount) => void;
  /**
   * How often the lag is read, and a copy that is not there yet looked for; default 1,000 ms.
   */
  readonly tickMs?: number;
}

const database = 'links.db';
/** A lag older than this is not told: the reads that should renew it hang. */
const lagLifeMs = 3000;
const firstRoleTimeoutMs = 2000;
/** How often the mount is looked at while the event stream is away: the kernel may take its time to give a dead one up. */
const lookEveryMs = 100;

/**
 * Starts to follow the LiteFS behind `litefsDir`. Resolves as soon as LiteFS told the role, or after 2 s without
 * that. Rejects when the folder does not exist or `peerUrl` cannot be read.
 */
export async function startLiteFsCluster(options: LiteFsClusterOptions): Promise<LiteFsCluster> {
  const cluster = new LiteFsCluster(options);
  await Promise.race([cluster.connected, delay(firstRoleTimeoutMs, undefined, { ref: false })]);
  return cluster;
}

/**
 * This node's place in a fleet, as its LiteFS tells.
 *
 * The role comes from `/events` (checked against `/info`), never from files (docs/facts.md, "A missing .primary
 * proves nothing"). The position comes from the `-pos` file, kept open while `/events` is connected.
 * When the stream closes, the mount is looked at at once and then ten times a second, so that a LiteFS that died ends
 * the process even without traffic.
 */
export class LiteFsCluster implements Cluster, AsyncDisposable {
  readonly node: NodeId;
  readonly region: string;
  readonly privateUrl: (node: NodeId) => string | undefined;
  /** Settles when the event stream is connected for the first time. */
  readonly connected: Promise<void>;
  readonly #options: LiteFsClusterOptions;
  readonly #mount: Mount;
  readonly #positionFile: PositionFile;
  readonly #view: RoleView;
  readonly #events: LiteFsEvents;
  readonly #ticking: NodeJS.Timeout;
  readonly #roleListeners = new Set<(role: Role) => void>();
  readonly #commitListeners = new Set<(database: string, position: Position) => void>();
  #role: Role = { is: 'joining' };
  #hasDatabase = false;
  #isConnected = false;
  #isDead = false;
  #leaseChanges = 0;
  #recheck: NodeJS.Timeout | undefined;
  #lag: { readonly ms: number | undefined; readonly atMs: number } | undefined;
  #isReadingLag = false;
  #looking: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(options: LiteFsClusterOptions) {
    this.node = options.node;
    this.region = options.region;
    this.privateUrl = parsePeers(options.peerUrl);
    this.#options = options;
    this.#mount = new Mount(options.litefsDir);
    this.#positionFile = new PositionFile(this.#mount, database);
    this.#view = new RoleView(options.node);
    const connected = Promise.withResolvers<void>();
    this.connected = connected.promise;
    this.#events = new LiteFsEvents({
      litefsUrl: options.litefsUrl,
      log: options.log,
      listener: {
        connected: (lease) => {
          this.#isConnected = true;
          this.#stopLooking();
          this.#positionFile.keepOpen();
          this.#sawLease(lease);
          connected.resolve();
        },
        leaseChanged: (lease) => this.#sawLease(lease),
        committed: (name, position) => this.#committed(name, position),
        disconnected: () => this.#disconnected(),
      },
    });
    this.#ticking = setInterval(() => this.#tick(), options.tickMs ?? 1000);
    this.#keepLooking();
    this.#evaluate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticking);
    this.#stopLooking();
    clearTimeout(this.#recheck);
    // Nothing is reported while closing; a mount that goes away now is LiteFS closing too.
    this.#isDead = true;
    this.#roleListeners.clear();
    this.#commitListeners.clear();
    await this.#events[Symbol.asyncDispose]();
    this.#positionFile.release();
  }

  role(): Role {
    return this.#role;
  }

  onRole(listener: (role: Role) => void): () => void {
    this.#roleListeners.add(listener);
    return () => this.#roleListeners.delete(listener);
  }

  /**
   * Calls `listener` after each transaction that LiteFS has put into this node's copy of any database. A hint to
   * look at the position, not a record: what happens while the stream is away is never told.
   */
  onCommit(listener: (database: string, position: Position) => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  position(): Position | undefined {
    if (this.#isDead) return undefined;
    try {
      return this.#positionFile.read();
    } catch (error) {
      if (!(error instanceof DeadMount)) throw error;
      this.#mountDied(error);
      return undefined;
    }
  }

  /** How far the copies of both databases are, read afresh and off the main thread. Never rejects. */
  async readPositions(): Promise<CopyPositions> {
    const read = async (name: string) =>
      toPosition(await this.#readFile(`${name}-pos`, bytesInPosition));
    const [links, clicks] = await Promise.all([read(database), read('clicks.db')]);
    return { links, clicks };
  }

  lagMs(): number | undefined {
    if (this.#role.is === 'primary') return 0;
    const lag = this.#lag;
    return lag === undefined || performance.now() - lag.atMs > lagLifeMs ? undefined : lag.ms;
  }

  #sawLease(lease: LeaseView): void {
    this.#leaseChanges += 1;
    this.#view.saw(lease, performance.now());
    this.#evaluate();
    if (lease.isPrimary) return;
    if (lease.hostname === undefined) void this.#readPrimaryName();
    void this.#readLag();
  }

  /** Events and `.primary` say the same but for a moment, in which the file may be ahead. */
  async #readPrimaryName(): Promise<void> {
    const before = this.#leaseChanges;
    const text = await this.#readFile('.primary', 256);
    const hostname = text?.trimEnd();
    if (hostname === undefined || !isNodeId(hostname)) return;
    if (before !== this.#leaseChanges || !this.#isConnected) return;
    this.#view.saw({ isPrimary: false, hostname }, performance.now());
    this.#evaluate();
  }

  #committed(name: string, position: Position): void {
    this.#view.sawTransaction();
    if (name === database) this.#evaluate();
    for (const listener of this.#commitListeners) listener(name, position);
  }

  #disconnected(): void {
    this.#isConnected = false;
    this.#positionFile.release();
    this.#view.lostStream(performance.now());
    if (this.#isDead) return;
    this.#keepLooking();
    this.#evaluate();
  }

  #tick(): void {
    if (this.#isDead) return;
    if (this.#isConnected && !this.#hasDatabase) this.#evaluate();
    void this.#readLag();
  }

  /** Works out the role and tells it when it changed. */
  #evaluate(): void {
    clearTimeout(this.#recheck);
    this.#hasDatabase ||= this.position() !== undefined;
    if (this.#isDead) return;
    const nowMs = performance.now();
    const recheckInMs = this.#view.recheckInMs(nowMs);
    if (recheckInMs !== undefined) {
      this.#recheck = setTimeout(() => this.#evaluate(), Math.ceil(recheckInMs));
    }
    const role = this.#view.role(this.#hasDatabase, nowMs);
    if (isSameRole(role, this.#role)) return;
    const before = this.#role;
    this.#role = role;
    this.#options.log.info({ role, before }, 'role changed');
    for (const listener of this.#roleListeners) listener(role);
  }

  #keepLooking(): void {
    void this.#lookAtMount();
    this.#looking ??= setInterval(() => void this.#lookAtMount(), lookEveryMs);
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** One look at a time: on a LiteFS that hangs none comes back, and each takes a thread that others need. */
  async #lookAtMount(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#readFile(`${database}-pos`, 1);
    this.#isLooking = false;
  }

  /** Reads `.lag` afresh, because an open one is frozen, and off the main thread. */
  async #readLag(): Promise<void> {
    if (this.#isReadingLag || this.#role.is === 'primary' || !this.#isConnected) return;
    this.#isReadingLag = true;
    const text = await this.#readFile('.lag', 16);
    this.#isReadingLag = false;
    this.#lag = {
      ms: text === undefined ? undefined : parseLag(text),
      atMs: performance.now(),
    };
  }

  async #readFile(name: string, maxBytes: number): Promise<string | undefined> {
    try {
      return await this.#mount.read(name, maxBytes);
    } catch (err) {
      if (err instanceof DeadMount) this.#mountDied(err);
      else this.#options.log.warn({ err, name }, 'file on the mount not read');
      return undefined;
    }
  }

  #mountDied(error: DeadMount): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#stopLooking();
    this.#options.onDeadMount(error);
  }
}

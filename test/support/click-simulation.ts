import type { SpooledBatches } from '../../src/clicks/spooled-batches.ts';
import { type ClickCursor, expectedSeq } from '../../src/domain/click-cursor.ts';
import type { Command } from './click-simulation-commands.ts';
import { BrokenPromise, ClickLedger } from './click-simulation-ledger.ts';
import { SimulatedNetwork } from './click-simulation-network.ts';
import { retentionMs, SimulatedNode } from './click-simulation-node.ts';
import { type MergeCraft, SimulatedPrimary, soundCraft } from './click-simulation-primary.ts';
import type { ClickCommit } from './memory-click-store.ts';
import { seededRandom } from './seeded-random.ts';

/** How a fleet is made; what a test of the tests breaks is here too. */
export interface FleetOptions {
  readonly nodes?: number;
  readonly sync?: 'tick' | 'off' | number;
  /** Rows that a transaction may touch: few, so that batches are merged in parts. */
  readonly maxRows?: number;
  readonly craft?: MergeCraft;
  readonly spoolView?: (spool: SpooledBatches) => SpooledBatches;
  /** Called at each point where something could end. */
  readonly onPoint?: (point: Point) => void;
}

/** An operation of a disk is about to be done; a message is on its way; a transaction begins, is about to end, or did. */
export type Point = 'disk' | 'message' | 'commit';

/** Midnight of 2026-01-01 UTC. */
const startMs = Date.UTC(2026, 0);

/** Nodes with their volumes, whoever is primary, and the network in between; checks its promises as it goes. */
export class SimulatedFleet {
  readonly nodes: readonly SimulatedNode[];
  readonly primary: SimulatedPrimary;
  readonly network: SimulatedNetwork;
  readonly ledger = new ClickLedger();
  readonly #backups: (readonly ClickCommit[])[] = [];
  readonly #sync: 'tick' | 'off' | number;
  #ms = 0;
  /**
   * Two processes believe that they are the same producer. Once is a mistake that is made up for; after a second one
   * both may have to issue the same batches again, and nobody could tell.
   */
  #isForked = false;
  /** There are copies of volumes that know that they are copies. */
  #hasCopies = false;
  /** Nodes whose volumes were copied: a power cut can take from them what the copy has. */
  readonly #copied = new Set<SimulatedNode>();
  /** What went wrong where nobody could be told. */
  #broken: unknown;

  constructor(options: FleetOptions = {}) {
    const clock = { now: () => startMs + this.#ms, monotonicMs: () => this.#ms };
    this.#sync = options.sync ?? 250;
    const reach = (point: Point) => () => options.onPoint?.(point);
    this.primary = new SimulatedPrimary({
      clock,
      craft: options.craft ?? soundCraft,
      maxRows: options.maxRows ?? 5_000,
    });
    this.primary.onPoint = reach('commit');
    this.network = new SimulatedNetwork((body) =>
      this.primary.receive(body).catch((error: unknown) => {
        this.#broken ??= error;
        return undefined;
      }),
    );
    this.network.onEvent = reach('message');
    const around = {
      network: this.network,
      ledger: this.ledger,
      clock,
      random: seededRandom('fleet'),
      sync: this.#sync,
      spoolView: options.spoolView ?? ((spool: SpooledBatches) => spool),
      onBroken: (error: unknown) => {
        this.#broken ??= error;
      },
      onOperation: reach('disk'),
    };
    this.nodes = Array.from(
      { length: options.nodes ?? 3 },
      (_, index) => new SimulatedNode(`node${index}`, around),
    );
    this.primary.store.onTotal = (linkId, { clicks }) => this.#checkTotal(linkId, clicks);
    this.primary.store.onCursor = (before, after) => this.#checkCursor(before, after);
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.start();
  }

  /** Does one thing, and lets everything that follows at once follow. Throws `BrokenPromise`. */
  async take(command: Command): Promise<void> {
    await this.#do(command);
    await this.#settle();
  }

  /** Heals all that can be healed, ships all, and checks that the promises were kept. */
  async comeToRest(): Promise<void> {
    const { network, nodes, primary, ledger } = this;
    network.isSound = true;
    primary.isUpgraded = true;
    primary.isSlow = false;
    primary.write();
    for (const node of nodes) node.heal();
    await this.#settle();
    while (network.onTheWay > 0) {
      network.deliver(0);
      await this.#settle();
      network.reply(0);
      await this.#settle();
    }
    for (let rounds = 0, state = ''; state !== this.#describe(); rounds += 1) {
      if (rounds === 20) throw new BrokenPromise('the fleet does not come to rest');
      state = this.#describe();
      for (const node of nodes) await this.#workOff(node);
    }
    for (const node of nodes) {
      node.copy = primary.store.commits;
      await node.confirm();
      node.checkGauge();
      const { unconfirmedClicks } = node.spool.readGauges();
      // Of two volumes of a producer one may wait for a number that the other filled with less.
      if (unconfirmedClicks > 0 && !ledger.hasForks) {
        throw new BrokenPromise(`${unconfirmedClicks} clicks of ${node.id} stay unconfirmed`);
      }
    }
    ledger.checkAtRest((id) => this.#timesCounted(id), primary.store.commits);
  }

  async #do(command: Command): Promise<void> {
    const { primary, network } = this;
    switch (command.do) {
      case 'click':
        return this.#node(command.node).click(command.clicks);
      case 'wait':
        return this.#wait(command.ms);
      case 'sync': {
        const node = this.#node(command.node);
        return node.noteDurable(node.spool.sync(), 'this process');
      }
      case 'seal': {
        const node = this.#node(command.node);
        return node.noteDurable(node.spool.seal(), 'all');
      }
      case 'ship':
        return this.#node(command.node).ship();
      case 'ship all':
        return this.#shipAll(this.#node(command.node));
      case 'deliver':
        return network.deliver(command.at);
      case 'lose request':
        return network.loseRequest(command.at);
      case 'duplicate':
        return network.duplicate(command.at);
      case 'overtake':
        // No network tears a request in two: that shows what a gap is for. With two volumes of a producer there may be
        // none, because the other one's batch is counted under the number of the first.
        return this.ledger.hasForks ? undefined : network.overtake(command.at);
      case 'reply':
        return network.reply(command.at);
      case 'lose reply':
        return network.loseReply(command.at);
      case 'crash':
        return this.#node(command.node).crash();
      case 'lose power':
        return this.#losePower(this.#node(command.node), command.seed);
      case 'wipe': {
        const node = this.#node(command.node);
        node.checkGauge();
        return node.replaceDisk(undefined, [], (id) => this.#timesCounted(id) > 0);
      }
      case 'clone':
        return this.#clone(this.#node(command.from), this.#node(command.to), command.as);
      case 'snapshot': {
        const node = this.#node(command.node);
        const durable = new Set(node.clicks.filter(({ isDurable }) => isDurable));
        node.snapshot = { disk: node.disk.fork(), clicks: [...node.clicks], durable };
        return;
      }
      case 'rewind':
        return this.#rewind(this.#node(command.node));
      case 'crash primary':
        primary.crashNext = command.when;
        return;
      case 'slow primary':
        primary.isSlow = true;
        return;
      case 'write':
        return primary.write();
      case 'fail over': {
        const { commits } = primary.store;
        return this.#return(commits.slice(0, Math.max(0, commits.length - command.lost)));
      }
      case 'back up':
        this.#backups.push(primary.store.commits);
        return;
      case 'restore':
        return this.#restore(command.at);
      case 'replicate': {
        const { commits } = primary.store;
        const length = Math.max(0, commits.length - command.behind);
        const node = this.#node(command.node);
        node.copy = commits.slice(0, length);
        node.copyReturns = this.ledger.returns;
        node.copyReturnedIn = this.ledger.returnedIn;
        return;
      }
      case 'confirm': {
        const node = this.#node(command.node);
        await node.confirm();
        return node.checkGauge();
      }
      case 'ask':
        return this.#node(command.node).shipper.askAgain();
      case 'notice':
        return this.#node(command.node).shipper.forget();
      case 'fill': {
        const { disk } = this.#node(command.node);
        disk.capacity = disk.bytes + command.bytes;
        return;
      }
      case 'heal':
        return this.#node(command.node).heal();
      case 'break':
        return this.#node(command.node).breakCalls(command.call, command.times);
      case 'stall':
        this.#node(command.node).isStalled = true;
        return;
      case 'disk':
        return this.#node(command.node).unstallOne(command.at);
      case 'rot':
        return this.#node(command.node).rot(command.at, command.byte);
      case 'set clock':
        this.#node(command.node).clockOffsetMs += command.ms;
        return;
      case 'age':
        return this.#wait(retentionMs + 1);
      case 'upgrade':
        this.#node(command.node).isUpgraded = true;
        return;
      case 'upgrade primary':
        primary.isUpgraded = true;
        return;
      default:
        command satisfies never;
    }
  }

  #node(index: number): SimulatedNode {
    return this.nodes[index % this.nodes.length] as SimulatedNode;
  }

  /** Everything that can go on without a command goes on. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#noteSealed();
    if (this.#broken !== undefined) throw this.#broken;
  }

  #noteSealed(): void {
    for (const node of this.nodes) {
      // A full disk can have batches go at any time.
      if (node.disk.capacity !== Number.MAX_SAFE_INTEGER) node.mayHaveBatches = true;
      node.noteBatches();
    }
  }

  #wait(ms: number): void {
    this.#ms += ms;
    for (const node of this.nodes) {
      node.spool.maintain();
      node.mayHaveBatches = true;
      // K4: what is older than the interval is on the disk, once that has done what it was asked for.
      if (typeof this.#sync !== 'number' || ms < this.#sync || node.isStalled) continue;
      node.noteDurable(new Promise((resolve) => setImmediate(resolve)), 'this process');
    }
  }

  async #shipAll(node: SimulatedNode): Promise<void> {
    const { network } = this;
    const before = network.isSound;
    network.isSound = true;
    const hasEnded = node.shipAll();
    await this.#settle();
    network.isSound = before;
    // A stalled disk keeps it from ending.
    hasEnded.then(
      (isIdle) => {
        if (!isIdle) this.#broken ??= new BrokenPromise(`${node.id} ships without end`);
      },
      (error: unknown) => {
        this.#broken ??= error;
      },
    );
  }

  async #clone(
    from: SimulatedNode,
    to: SimulatedNode,
    as: (Command & { readonly do: 'clone' })['as'],
  ): Promise<void> {
    if (from === to) return;
    const isTwin = as === 'twin' && !this.#isForked;
    this.#isForked ||= isTwin;
    this.#hasCopies ||= !isTwin;
    this.ledger.hasForks = true;
    this.#copied.add(from);
    to.id = isTwin || as === 'namesake' ? from.id : `${to.id}'`;
    const isByFile = as === 'files' || as === 'namesake';
    const disk = isByFile ? from.disk.copyFiles() : from.disk.fork();
    await to.replaceDisk(disk, [], (id) => this.#timesCounted(id) > 0);
  }

  /**
   * A volume that loses what a copy of it has goes on under numbers that the copy has filled, as one that went back in
   * time does. With a twin of it that would be the second mistake.
   */
  #losePower(node: SimulatedNode, seed: number): Promise<void> {
    if (this.#copied.has(node)) {
      if (this.#isForked) return node.crash();
      this.#isForked = true;
    }
    return node.losePower(seed);
  }

  async #rewind(node: SimulatedNode): Promise<void> {
    if (node.snapshot === undefined || this.#isForked) return;
    this.#isForked = true;
    this.ledger.hasForks = true;
    const { disk, clicks, durable } = node.snapshot;
    for (const click of clicks) click.isDurable = durable.has(click);
    await node.replaceDisk(disk.fork(), clicks, (id) => this.#timesCounted(id) > 0);
  }

  #restore(at: number): void {
    const backup = this.#backups[at % Math.max(1, this.#backups.length)];
    if (backup === undefined) return;
    // Of a fork, a backup of a history that was lost may have counted what was issued again since.
    const { commits } = this.primary.store;
    const isLost = backup.some((commit, index) => commit !== commits[index]);
    if (!isLost || !this.ledger.hasForks) this.#return(backup);
  }

  /**
   * A primary takes over that has only these commits. With copies of a volume whose batches another process had to issue
   * again, it has all: what is counted under the new number could come again under the old one, and nobody could tell.
   */
  #return(commits: readonly ClickCommit[]): void {
    this.ledger.returns += 1;
    const isSafe = !this.#isForked || !this.#hasCopies;
    this.primary.become(isSafe ? commits : this.primary.store.commits);
    this.ledger.returnedIn = this.primary.epoch;
  }

  async #workOff(node: SimulatedNode): Promise<void> {
    this.#wait(1_200);
    await this.#settle();
    await node.spool.seal();
    node.shipper.askAgain();
    await this.#shipAll(node);
    await this.#settle();
  }

  /** Changes as long as there is something to do. */
  #describe(): string {
    const { epoch, store } = this.primary;
    return JSON.stringify([epoch, store.commits.length, [...this.ledger.sealed]]);
  }

  #timesCounted(id: number): number {
    return this.primary.store.totals.get(id)?.clicks ?? 0;
  }

  /** K1 and K2: nothing is counted twice, and nothing that was not answered. */
  #checkTotal(linkId: number, clicks: number): void {
    if (linkId === 0) return;
    if (clicks > 1) throw new BrokenPromise(`click ${linkId} is counted ${clicks} times`);
    if (linkId > this.ledger.clicks.length) {
      throw new BrokenPromise(`click ${linkId} is counted and was never answered`);
    }
  }

  /** K9: a cursor moves on by one batch, or over batches that are declared lost, and never past what was sealed. */
  #checkCursor(before: ClickCursor | undefined, after: ClickCursor): void {
    const { producer, seq, lost } = after;
    if (seq > (this.ledger.sealed.get(producer) ?? 0)) {
      for (const node of this.nodes) node.mayHaveBatches = true;
      this.#noteSealed();
    }
    const sealed = this.ledger.sealed.get(producer) ?? 0;
    if (seq > sealed) throw new BrokenPromise(`batch ${seq} is counted, ${sealed} are sealed`);
    if (seq === expectedSeq(before) || seq === before?.seq || this.ledger.hasForks) return;
    // Where no clicks are left, none is lost.
    if (lost <= (before?.lost ?? 0) && !this.ledger.hasNoClicks(before, producer, seq)) {
      throw new BrokenPromise(`batch ${seq} is counted after ${before?.seq ?? 0}`);
    }
  }
}

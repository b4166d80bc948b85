import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AskPosition } from '../cluster/ask-position.ts';
import {
  type AskCopy,
  type CopyPositions,
  type CopyState,
  createAskCopy,
} from '../cluster/copy-state.ts';
import type { GuardClient } from '../cluster/guard-client.ts';
import { type Candidate, findOtherCandidate } from '../cluster/guard-view.ts';
import {
  type HandoffLimits,
  type HandoffRefusal,
  type HandoffResult,
  handOver,
} from '../cluster/handoff.ts';
import type { PeerClient } from '../cluster/peer-client.ts';
import type { PrimaryWriter } from '../cluster/primary-writer.ts';
import { promote } from '../cluster/promote.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { NodeId } from '../domain/role.ts';

/** The lease from one node to another, as an operator sees it. */
export interface Handoff {
  readonly from: NodeId;
  readonly to: NodeId;
  /** How long nobody took writes, milliseconds; `null` when the new primary does not say yet. */
  readonly heldMs: number | null;
}

/** What is needed to move the lease. */
export interface LeaseMovesOptions {
  readonly cluster: Cluster;
  /** `undefined` alone, and where nobody tells who may become primary. */
  readonly guard: Pick<GuardClient, 'view' | 'tellProgress'> | undefined;
  readonly writers: Pick<PrimaryWriter, 'rest' | 'resume'>;
  readonly peers: Pick<PeerClient, 'send'>;
  readonly askPosition: AskPosition;
  readonly readPositions: () => Promise<CopyPositions>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

/** For whoever asked: a node that is behind is told of rather than waited for. Writes are held for `sameMs` at most. */
const onRequest: HandoffLimits = {
  silentMs: 1_000,
  nearMs: 1_000,
  sameMs: 400,
  goneMs: 8_000,
  openMs: 3_000,
};
/** On the way out: longer, since the alternative is the time that Consul takes, and less than the process has. */
const onLeaving: HandoffLimits = {
  silentMs: 1_000,
  nearMs: 2_000,
  sameMs: 1_000,
  goneMs: 2_000,
  openMs: 1_000,
};

const askTimeoutMs = 500;
/** A handoff and what it waits for. */
const orderTimeoutMs = 15_000;

/** Where a primary's private port takes the order to hand over, from other nodes. */
export const handoffPath = '/handoff';

/** Moves the lease from this node to the other candidate, one move at a time. */
export class LeaseMoves {
  readonly #options: LeaseMovesOptions;
  readonly #askCopy: AskCopy;
  readonly #counts: Record<string, number> = { handed_over: 0 };
  #moving: Promise<HandoffResult> | undefined;
  #isLeaving = false;

  constructor(options: LeaseMovesOptions) {
    this.#options = options;
    this.#askCopy = createAskCopy(options);
  }

  /** How handoffs of this node went since its start: `handed_over`, or why not. */
  readCounts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /**
   * How far this node is. By the time this resolves, its guard has been told too. Throws `unavailable` when this node is
   * about to end, since it wants no lease then.
   */
  async readCopy(): Promise<CopyState> {
    if (this.#isLeaving) throw unavailable('This node is about to end.');
    const { cluster, guard, readPositions } = this.#options;
    const positions = await readPositions();
    await guard?.tellProgress();
    const role = cluster.role();
    return { ...positions, follows: role.is === 'replica' ? role.primary : undefined };
  }

  /**
   * Hands the lease over, to the other candidate or else to nobody: `to` is who is meant. Throws `conflict` with the
   * reason when this node cannot, `unavailable` while it moves the lease already.
   */
  async handOver(to?: NodeId): Promise<Handoff> {
    const result = await this.#move(onRequest, to);
    const from = this.#options.cluster.node;
    if (result.is === 'refused') throw refusal(result, from, to);
    return { from, to: result.to, heldMs: result.heldMs ?? null };
  }

  /** Has the primary hand the lease over, wherever it is; its answer goes back as it is. Throws as `handOver` does. */
  async order(to?: NodeId): Promise<{ readonly status: number; readonly body: string }> {
    const { cluster, peers } = this.#options;
    const role = cluster.role();
    if (role.is !== 'replica') {
      return { status: 200, body: JSON.stringify(await this.handOver(to)) };
    }
    const body = Buffer.from(JSON.stringify({ to }));
    const request = { method: 'POST', path: handoffPath, body } as const;
    const signal = AbortSignal.timeout(orderTimeoutMs);
    const answer = await peers.send(role.primary, request, signal).catch((error: unknown) => {
      throw unavailable(`The primary, ${role.primary}, does not answer.`, error);
    });
    if (answer !== undefined) return answer;
    throw unavailable(`The private port of the primary, ${role.primary}, is not known.`);
  }

  /** On the way out: hands the lease over when there is somebody to take it. Never rejects. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    // One that was ordered a moment ago does what is to be done now.
    await this.#moving?.catch(() => undefined);
    const { cluster, guard } = this.#options;
    // Alone there is no lease, and without a guard nobody tells who else could have it.
    if (guard === undefined || cluster.role().is !== 'primary') return;
    try {
      await this.#move(onLeaving);
    } catch (err) {
      this.#options.log.error({ err }, 'lease not handed over');
    }
  }

  async #move(limits: HandoffLimits, to?: NodeId): Promise<HandoffResult> {
    if (this.#moving !== undefined) {
      throw unavailable('This node is handing the lease over already.');
    }
    this.#moving = handOver(this.#steps(), limits, to);
    try {
      const result = await this.#moving;
      const outcome = result.is === 'refused' ? result.why : result.is;
      this.#counts[outcome] = (this.#counts[outcome] ?? 0) + 1;
      const { log } = this.#options;
      if (result.is === 'refused') log.warn(result, 'lease not handed over');
      else log.info(result, 'lease handed over');
      return result;
    } finally {
      this.#moving = undefined;
    }
  }

  #steps() {
    const { cluster, guard, writers, askPosition, readPositions, clock, log } = this.#options;
    const soon = () => AbortSignal.timeout(askTimeoutMs);
    return {
      node: cluster.node,
      isPrimary: () => cluster.role().is === 'primary',
      findOther() {
        const view = guard?.view();
        return view && findOtherCandidate(view);
      },
      askCopy: (node: NodeId) => this.#askCopy(node, soon()),
      ownCopy: readPositions,
      rest: () => writers.rest(),
      resume: () => writers.resume(),
      promote: (candidate: Candidate) => promote(candidate.litefsUrl, log),
      takesWrites: async (node: NodeId) => (await askPosition(node, soon())) !== undefined,
      monotonicMs: () => clock.monotonicMs(),
      pause: (ms: number) => delay(ms),
    };
  }
}

function refusal(
  { why, other }: Extract<HandoffResult, { is: 'refused' }>,
  node: NodeId,
  to: NodeId | undefined,
): Failure {
  const sentences: Readonly<Record<HandoffRefusal, string>> = {
    not_primary: `${node} is not the primary, so it has no lease to hand over.`,
    not_open: `${node} has just become primary and is not ready yet.`,
    to_itself: `${node} is the primary already.`,
    no_candidate: `There is no other candidate that could become primary instead of ${node}.`,
    not_candidate: `${to} is no candidate: only ${other} can become primary instead of ${node}.`,
    silent: `${other} does not answer, so the lease stays at ${node}.`,
    behind: `${other} is behind ${node}, so the lease stays here: otherwise writes would be lost.`,
    not_promoted: `${other} did not get the lease, which stays at ${node}.`,
  };
  return new Failure('conflict', sentences[why]);
}

function unavailable(detail: string, cause?: unknown): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 }, cause);
}

import { Agent } from 'node:http';
import { isWrite } from '../check/history.ts';
import type { Operation, OperationName } from '../history.ts';
import type { World, WorldNode } from '../world/world.ts';
import type { AnsweredBy } from './answered-by.ts';
import { type Answer, ask } from './ask.ts';
import { readBookmark } from './bookmark-point.ts';
import type { Journal } from './journal.ts';
import { judgeAnswer } from './judge.ts';

/** Where a client's request enters: an edge, or a node itself. */
export interface Door {
  /** As `via` in the history. */
  readonly name: string;
  readonly origin: string;
  readonly isDirect: boolean;
}

/** An operation to be done. */
export interface Order {
  readonly proc: string;
  readonly op: OperationName;
  readonly key: string | null;
  readonly arg?: Operation['arg'];
  readonly door: Door;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly requestId?: string;
  readonly timeoutMs?: number;
}

/** What became of it. */
export interface Done {
  readonly operation: Operation;
  /** `undefined` when there was no whole one. */
  readonly answer: Answer | undefined;
}

const defaultTimeoutMs = 10_000;
/** What makes a hit a person's. */
const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';

/** Sends what clients want to the fleet, and notes each request with its outcome. */
export class FleetClient implements Disposable {
  readonly journal: Journal;
  readonly #world: World;
  readonly #answeredBy: AnsweredBy;
  readonly #checksumOf: (node: string, txid: string) => string | undefined;
  readonly #findPrimary: () => WorldNode | undefined;
  readonly #primaryOf: (epoch: number) => string | undefined;
  readonly #agents = new Map<string, Agent>();

  constructor(options: {
    readonly world: World;
    readonly journal: Journal;
    readonly answeredBy: AnsweredBy;
    /** The checksum of links.db at a txid, as a node told it. */
    readonly checksumOf: (node: string, txid: string) => string | undefined;
    /** The node that took writes when it was asked last. */
    readonly findPrimary: () => WorldNode | undefined;
    /** The node that was primary in an epoch, where it is known yet. */
    readonly primaryOf: (epoch: number) => string | undefined;
  }) {
    this.#world = options.world;
    this.journal = options.journal;
    this.#answeredBy = options.answeredBy;
    this.#checksumOf = options.checksumOf;
    this.#findPrimary = options.findPrimary;
    this.#primaryOf = options.primaryOf;
  }

  /** The edges, in each region one. */
  get edges(): readonly Door[] {
    return Object.entries(this.#world.edge.urls).map(([region, origin]) => ({
      name: region,
      origin,
      isDirect: false,
    }));
  }

  /** The way past the edge to the primary, or to an edge while none is known. */
  primaryDoor(): Door {
    const primary = this.#findPrimary();
    return primary === undefined ? (this.edges[0] as Door) : this.doorOf(primary);
  }

  /** The way past the edge to one node. */
  doorOf({ id, process }: WorldNode): Door {
    return { name: id, origin: process.url, isDirect: true };
  }

  /** Does one operation. Never rejects: what breaks is an unknown outcome. */
  async do(order: Order): Promise<Done> {
    const { door, proc, op, requestId } = order;
    const arg = { ...order.arg, ...(door.isDirect && { direct: true }) };
    const invokedAt = this.journal.now();
    const base = { proc, op, arg, invokedAt, via: door.name, ...(requestId && { requestId }) };
    let answer: Answer;
    try {
      answer = await ask(`${door.origin}${order.path}`, {
        method: order.method ?? 'GET',
        timeoutMs: order.timeoutMs ?? defaultTimeoutMs,
        agent: this.#agent(door.origin),
        body: order.body,
        headers: {
          'User-Agent': userAgent,
          ...(op !== 'follow' &&
            op !== 'followNew' && { Authorization: `Bearer ${this.#world.adminKey}` }),
          ...(requestId !== undefined && { Referer: `https://${requestId}.fault/` }),
          ...order.headers,
        },
      });
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      const operation: Operation = {
        ...base,
        key: order.key,
        returnedAt: this.journal.now(),
        type: 'unknown',
        error: said,
      };
      this.journal.operation(operation);
      return { operation, answer: undefined };
    }
    const operation = this.#toOperation(order, base, answer);
    this.journal.operation(operation);
    return { operation, answer };
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #toOperation(
    order: Order,
    base: Pick<Operation, 'proc' | 'op' | 'arg' | 'invokedAt' | 'via' | 'requestId'>,
    answer: Answer,
  ): Operation {
    const { key, ...verdict } = judgeAnswer(order.op, answer);
    const by = this.#answeredBy.take(answer.headers['fly-request-id']);
    const asked = order.door.isDirect ? order.door.name : by?.node;
    const point = readBookmark(header(answer, 'hoplite-bookmark'));
    const node = this.#writerOf(order.op, point?.epoch) ?? asked;
    const checksum =
      point === undefined || node === undefined ? undefined : this.#checksumOf(node, point.txid);
    const durability = header(answer, 'durability');
    return {
      ...base,
      key: order.key ?? key ?? null,
      returnedAt: this.journal.now(),
      status: answer.status,
      ...verdict,
      ...(node !== undefined && { node }),
      ...(by !== undefined && { replays: by.replays }),
      ...point,
      ...(checksum !== undefined && { checksum }),
      ...((durability === 'replicated' || durability === 'local') && { durability }),
    };
  }

  /**
   * Who did a write: the primary of its epoch. A node that holds a write while the lease leaves it sends it there and passes
   * the answer on, so that the edge sees another one.
   */
  #writerOf(op: OperationName, epoch: number | undefined): string | undefined {
    return isWrite({ op }) && epoch !== undefined ? this.#primaryOf(epoch) : undefined;
  }

  #agent(origin: string): Agent {
    const known = this.#agents.get(origin);
    if (known !== undefined) return known;
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    this.#agents.set(origin, agent);
    return agent;
  }
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : undefined;
}

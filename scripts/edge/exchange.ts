import type { Client } from './client.ts';
import { deliver, type Message } from './deliver.ts';
import { EdgeError } from './edge-error.ts';
import type { NodeView } from './edge-node.ts';
import type { NodeAnswer } from './node-answer.ts';
import { headerValues, type RawHeaders, withHeaders, withoutHeaders } from './raw-headers.ts';
import { type EdgeParts, type Reach, reach } from './reach.ts';
import { readReplay } from './read-replay.ts';
import type { ReplayInstruction } from './replay-instruction.ts';
import { replayFailedHeader, replayRequestHeaders, replaySrcHeader } from './replay-source.ts';
import type { RequestBody } from './request-body.ts';
import type { Target } from './target.ts';

/** A client's request on its way through the edge. */
export interface Exchange {
  readonly region: string;
  /** What the client gets as `Fly-Request-Id`. */
  readonly requestId: string;
  readonly target: Target;
  readonly message: Message;
  readonly body: RequestBody;
  readonly client: Client;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** One sending of the request: to whom, with which header fields of Fly's, and who asked for it. */
interface Delivery {
  readonly kind: 'first' | 'replay' | 'fallback';
  readonly target: Target;
  readonly message: Message;
  /** Fields about this delivery; they replace what the client sent under the same names. */
  readonly marks: RawHeaders;
  readonly replay: Replay | undefined;
}

/** The replay that a delivery carries out. */
interface Replay {
  readonly instruction: ReplayInstruction;
  readonly source: NodeView;
  /** The delivery that the source answered. */
  readonly answered: Delivery;
}

/**
 * Sends a request to a node, and on to others for as long as nodes ask for a replay, then passes the
 * answer to the client. Never rejects: what goes wrong becomes an answer, or the end of the connection.
 */
export async function runExchange(parts: EdgeParts, exchange: Exchange): Promise<void> {
  const { client, signal, body } = exchange;
  let answer: NodeAnswer | undefined;
  let brokenByNode = false;
  try {
    answer = await findAnswer(parts, exchange);
    if (answer.is === 'response') {
      // A node that breaks off its answer takes the client's connection with it, so ask who came first.
      brokenByNode = answer.body.errored !== null && !signal.aborted;
      answer.body.once('error', () => {
        brokenByNode ||= !signal.aborted;
      });
    }
    body.discard();
    await client.pass(answer);
  } catch (error) {
    body.discard();
    answer?.drop();
    if (signal.aborted && !brokenByNode) return;
    const failure = error instanceof EdgeError ? error : new EdgeError('PU02', 502, String(error));
    parts.counters.countError(failure.code);
    client.fail(failure);
  }
}

async function findAnswer(parts: EdgeParts, exchange: Exchange): Promise<NodeAnswer> {
  const { region, body, signal } = exchange;
  const { knobs, clock, counters } = parts;
  const { answerTimeoutMs } = knobs;
  const cookies: (readonly [string, string])[] = [];
  let delivery: Delivery = { ...exchange, kind: 'first', marks: [], replay: undefined };
  let hops = 0;
  for (;;) {
    const timeoutMs = delivery.replay?.instruction.timeoutMs ?? Number.POSITIVE_INFINITY;
    const reached = await reach(parts, region, delivery.target, timeoutMs, signal);
    if (reached.is === 'unreached') {
      delivery = fallBack(delivery, reached, parts);
      continue;
    }
    counters.countDelivery(reached.node.id, delivery.kind);
    const way = { ...reached, clock, answerTimeoutMs };
    const answer = await deliver(markedMessage(delivery, reached.node), body, way, signal);
    const instruction = await readReplay(answer);
    if (instruction === undefined) {
      const { requestId } = exchange;
      parts.onAnswer?.({ requestId, node: reached.node.id, replays: hops });
      return { ...answer, headers: [...answer.headers, ...cookies] };
    }
    answer.drop();
    if (delivery.kind === 'fallback') {
      throw new EdgeError('PA02', 502, 'a fallback delivery cannot be replayed');
    }
    if (hops >= knobs.maxHops) throw new EdgeError('PA02', 502, `more than ${knobs.maxHops}`);
    if (!(await body.isReplayable())) {
      const detail = `the body is over ${knobs.bodyLimitBytes} bytes`;
      throw new EdgeError('PA01', knobs.overLimitStatus, detail);
    }
    counters.countHop(++hops);
    if (knobs.replayCookies === 'keep') {
      cookies.push(...headerValues(answer.headers, 'set-cookie').map(toSetCookie));
    }
    delivery = replayDelivery({ instruction, source: reached.node, answered: delivery }, parts);
  }
}

/** The sending of the request that a node asked for. Throws PA04 when it names an unknown app. */
function replayDelivery(replay: Replay, { inventory, knobs, clock }: EdgeParts): Delivery {
  const { instruction, source, answered } = replay;
  const app = instruction.app ?? source.app;
  if (!inventory.hasApp(app)) throw new EdgeError('PA04', 502, `there is no app ${app}`);
  const { state } = instruction;
  const from = { node: source.id, region: source.region, state, atMs: clock.now() };
  return {
    kind: 'replay',
    target: {
      app,
      only: instruction.instance,
      prefer: instruction.preferInstance,
      regions: instruction.regions,
      except: instruction.elsewhere ? source.id : undefined,
    },
    message: transformed(answered.message, instruction),
    marks: replaySrcHeader(from, knobs),
    replay,
  };
}

/**
 * The way back to the node that asked for a replay whose target could not be reached: it gets the request
 * as it had it, and `fly-replay-failed`. Throws the target's error when no way back was asked for.
 */
function fallBack(
  { replay, target }: Delivery,
  unreached: Extract<Reach, { is: 'unreached' }>,
  { inventory }: EdgeParts,
): Delivery {
  const fallback = replay?.instruction.fallback;
  if (replay === undefined || fallback === undefined) throw unreached.error;
  const { source, answered } = replay;
  const instance = target.only ?? target.prefer;
  const failed = replayFailedHeader({
    instance,
    app: target.app,
    region: target.regions?.join(',') ?? inventory.find(instance ?? '')?.region,
    source: source.id,
    reason: unreached.reason,
    elapsedMs: unreached.elapsedMs,
  });
  return {
    kind: 'fallback',
    target: {
      app: source.app,
      [fallback === 'force_self' ? 'only' : 'prefer']: source.id,
    },
    message: answered.message,
    marks: [...answered.marks, ...failed],
    replay: undefined,
  };
}

function markedMessage({ message, marks, target, kind }: Delivery, node: NodeView): Message {
  const unavailable: RawHeaders =
    kind === 'fallback' || target.prefer === undefined || target.prefer === node.id
      ? []
      : [['fly-preferred-instance-unavailable', target.prefer]];
  return { ...message, headers: withHeaders(message.headers, [...marks, ...unavailable]) };
}

function transformed(message: Message, { transform }: ReplayInstruction): Message {
  // From the first replay on, nothing that a client sent under these names can be Fly's word.
  const headers = withoutHeaders(message.headers, replayRequestHeaders);
  if (transform === undefined) return { ...message, headers };
  return {
    ...message,
    path: transform.path ?? message.path,
    headers: withHeaders(withoutHeaders(headers, transform.deleteHeaders), transform.setHeaders),
  };
}

function toSetCookie(value: string): readonly [string, string] {
  return ['Set-Cookie', value];
}

import { z } from 'zod';
import { faultNames } from './fault-name.ts';

/**
 * The history of a fault run: what every client saw and what was done to the fleet, a JSON object a line, in any order.
 * All times are milliseconds of the driver's monotonic clock since the run began, so that there is one clock only.
 * The driver writes it, `check/` judges it.
 *
 * What the driver promises:
 * - A slug has one writer at a time, except those of `createCustom`. Its writes never overlap, and a write whose
 *   outcome is unknown is settled (retried with its `Idempotency-Key`, or with `If-Match`) before the next one, so
 *   that it cannot come late.
 * - Every destination that is written is written once: it names one version of one slug.
 * - `type` is `ok` for a definite success (2xx; of a redirect 3xx; 404 of a `follow` or `get` is `ok` too, with `value` null:
 *   an answer about the link), `fail` for a definite refusal without effect, and `unknown` for all else (time-out,
 *   reset, a 502 of the edge, 503 of a write that says its outcome is unknown).
 * - Nobody else follows links, and after the last operation all is healed, and waits until nothing moves, before the
 *   final reads.
 */

const atMs = z.number().nonnegative();
const txid = z.string().regex(/^[0-9a-f]{16}$/);
const nodeId = z.string().min(1);
const bookmark = z.strictObject({ epoch: z.int().nonnegative(), txid });
const count = z.int().nonnegative();

/** The `error` of an operation whose client waited no longer. */
export const gaveUp = 'no answer in time';

/** What clients do. The first five write to links.db. */
export const operationNames = [
  /** `POST /api/v1/links` with an `Idempotency-Key`, the slug generated. */
  'create',
  /** The same with a slug that several writers want. */
  'createCustom',
  /** Gives a link a new destination. */
  'update',
  'delete',
  /** Creates again, under its old slug, what the same writer deleted. */
  'recreate',
  /** `GET /<slug>` of a link that has been there for a while. */
  'follow',
  /** `GET /<slug>` of a link whose creation was answered a moment ago, at another node. */
  'followNew',
  /** `GET /api/v1/links/<slug>`. */
  'get',
  /** `GET /api/v1/links`. */
  'list',
  /** The clicks of a link. */
  'stats',
  /** Hands the primary a batch of clicks of a made-up producer that leaves a gap. */
  'ship',
] as const;
export type OperationName = (typeof operationNames)[number];

/** One request of a client, and what became of it. */
export const operationSchema = z.strictObject({
  /** Who did it. One session: it does one thing after another. */
  proc: z.string(),
  op: z.enum(operationNames),
  /** The slug; null while it is not known (a generated one without an answer), and of lists. */
  key: z.string().nullable(),
  arg: z
    .strictObject({
      /** What was written. */
      destination: z.string(),
      idempotencyKey: z.string(),
      /** Sent with the request. */
      bookmark: bookmark.extend({
        /** Known to name what never was. What a failover lost the checker finds out. */
        lost: z.boolean().optional(),
      }),
      /** The same `Idempotency-Key` as another request, with another body: it has to be refused. */
      otherBody: z.boolean(),
      /** Sent past the edge, to this node itself. */
      direct: z.boolean(),
      /** `DURABILITY=strict` is what the fleet runs with. */
      strict: z.boolean(),
      /** Of `ship`: the number that was sent, and the one that should have been. */
      seq: count,
      expectedSeq: count,
    })
    .partial()
    .default({}),
  invokedAt: atMs,
  returnedAt: atMs,
  type: z.enum(['ok', 'fail', 'unknown']),
  /** The node or the region's edge that was asked. */
  via: z.string(),
  /** Of the answer; none when there was none. */
  status: z.int().optional(),
  /** Whether a refusal said when to try again. */
  retryAfter: z.boolean().optional(),
  /** Which node answered, where that can be known. */
  node: nodeId.optional(),
  /** How often the edge replayed it. */
  replays: count.optional(),
  /** Out of the bookmark of the answer. */
  epoch: z.int().nonnegative().optional(),
  txid: txid.optional(),
  /** Of links.db at that txid, as the primary's `/events` told it; where it was seen. */
  checksum: z.string().optional(),
  durability: z.enum(['replicated', 'local']).optional(),
  /** What the body said, where there is one. */
  replicated: z.boolean().optional(),
  /** The id of a hit, to find its click again (its `Referer` is `https://<id>.fault/`). */
  requestId: z.string().optional(),
  /**
   * What was read. Of `follow`, `followNew` and `get` the destination, null when there is no such link. Of `list` the
   * destinations by slug. Of `stats` the clicks so far. Of `ship` the number that the answer expects.
   */
  value: z.union([z.string(), z.null(), z.number(), z.record(z.string(), z.string())]).optional(),
  /** What broke, in words, of `unknown` and `fail`. */
  error: z.string().optional(),
});
export type Operation = Readonly<z.output<typeof operationSchema>>;

/** What the run is. Exactly one, and the earliest. */
const runEvent = z.strictObject({
  event: z.literal('run'),
  at: atMs,
  seed: z.int(),
  nodes: z.array(z.strictObject({ id: nodeId, region: z.string(), candidate: z.boolean() })),
  /** Of links.db when the run began, out of Consul. */
  clusterId: z.string().optional(),
});

/** A fault begins, or is healed: the fleet has everything back and the target is up, which may take a while. */
const faultEvent = z.strictObject({
  event: z.literal('fault'),
  name: z.enum(faultNames),
  /** Joins start and heal of one fault: its number in the schedule. */
  fault: count,
  phase: z.enum(['start', 'heal']),
  /** The nodes it befalls. Empty when it is none in particular. */
  targets: z.array(nodeId),
  at: atMs,
  /** Of a start: that it takes the lease from the node that has it. */
  losesPrimary: z.boolean().optional(),
  /** Of a start of `spool-cloned` or `volume-wiped`: what `hoplite_clicks_unconfirmed` said last, and when it was asked. */
  unconfirmed: z.strictObject({ clicks: count, at: atMs }).optional(),
});

/** A node takes writes from now on: it is primary, and its epoch is open. */
const primaryEvent = z.strictObject({
  event: z.literal('primary'),
  node: nodeId,
  at: atMs,
  epoch: z.int().nonnegative(),
});

/**
 * What a node says of itself, written when it differs from what it said last. Asked often (100 times a second in
 * elections); null is no answer. `askedAt` is when the question was sent, `at` when the answer was there.
 */
const believesEvent = z.strictObject({
  event: z.literal('believes'),
  node: nodeId,
  askedAt: atMs,
  at: atMs,
  /** The app's role. */
  role: z.enum(['joining', 'replica', 'primary', 'detached']).nullable(),
  /** Whether the app would take a write: its writer is open. */
  takesWrites: z.boolean().nullable(),
  /** `isPrimary` of its LiteFS. */
  liteFsPrimary: z.boolean().nullable(),
  /** How often it was asked since the last such line, this one with it. */
  samples: z.int().positive(),
});

/** A node was started, answers and gets requests from the edge (`up`), or is about to be ended or has ended (`down`). */
const nodeEvent = z.strictObject({
  event: z.literal('node'),
  node: nodeId,
  at: atMs,
  state: z.enum(['up', 'down']),
});

/** A transaction of links.db arrived at a node, by its LiteFS's `/events`. */
const txEvent = z.strictObject({
  event: z.literal('tx'),
  node: nodeId,
  at: atMs,
  txid,
  checksum: z.string(),
});

/** A process of a node ended. `asked`: the run sent the signal that ends it at once. */
const exitEvent = z.strictObject({
  event: z.literal('exit'),
  node: nodeId,
  at: atMs,
  process: z.enum(['guard', 'litefs', 'app']),
  code: z.int().nullable(),
  signal: z.string().nullable(),
  asked: z.boolean(),
});

/** A line of a node's log that people have to know about. */
const logEvent = z.strictObject({
  event: z.literal('log'),
  node: nodeId,
  at: atMs,
  process: z.enum(['guard', 'litefs', 'app']),
  /** `alarm`: what the guard says loudly when a node leads that may lack writes. */
  kind: z.enum(['fatal', 'unhandled-rejection', 'panic', 'exit-99', 'error', 'alarm']),
  text: z.string(),
});

/**
 * Counters of a node's clicks, as /metrics has them. They begin at zero with each start of its app: `startedAt` is the
 * start's own name (process_start_time_seconds). Read once a second, and when a fault that fills disks is healed.
 */
const clickCountersEvent = z.strictObject({
  event: z.literal('clickCounters'),
  node: nodeId,
  at: atMs,
  startedAt: z.number(),
  unconfirmed: count,
  /** `hoplite_clicks_dropped_total`, all reasons. */
  dropped: count,
  /** `hoplite_clicks_lost_total`, all reasons. */
  lost: count,
  /** `hoplite_click_conflicts_total`. */
  conflicts: count,
});

/** The cluster id that a node's LiteFS has, or Consul (`consul`). */
const clusterIdEvent = z.strictObject({
  event: z.literal('clusterId'),
  holder: z.string(),
  at: atMs,
  id: z.string(),
});

/** All there is on a node once the run is over and nothing moves. One for each node that should be there. */
const finalEvent = z.strictObject({
  event: z.literal('final'),
  node: nodeId,
  at: atMs,
  /** Destinations by slug: all links. */
  links: z.record(z.string(), z.string()),
  epoch: z.int().nonnegative(),
  position: z.strictObject({ txid, checksum: z.string() }),
  /** Over all rows of all tables of links.db. */
  contentHash: z.string(),
  /** `PRAGMA integrity_check` of both databases: `ok`, or what it says. */
  integrity: z.string(),
  /** Rows of `PRAGMA foreign_key_check` of both databases. */
  foreignKeyViolations: count,
  clicks: z.strictObject({
    /** All that were counted, those of links that are gone with them. */
    total: count,
    /** By slug, of the links that are there. */
    bySlug: z.record(z.string(), count),
    /** How often the click of a hit with a `requestId` was counted, where it could be told (by referrer). */
    byRequest: z.record(z.string(), count).optional(),
  }),
  /** The migrations that were applied, as `links/0001 <sha256>`. */
  migrations: z.array(z.string()),
  /** Of both schemas. */
  schemaHash: z.string(),
});

export const eventSchema = z.discriminatedUnion('event', [
  runEvent,
  faultEvent,
  primaryEvent,
  believesEvent,
  nodeEvent,
  txEvent,
  exitEvent,
  logEvent,
  clickCountersEvent,
  clusterIdEvent,
  finalEvent,
]);
export type HistoryEvent = Readonly<z.output<typeof eventSchema>>;
export type EventOf<Name extends HistoryEvent['event']> = Extract<
  HistoryEvent,
  { readonly event: Name }
>;

/** A line of the history. */
export type HistoryRecord = Operation | HistoryEvent;

/** Parses a line. Throws a `ZodError` when it is neither an operation nor an event. */
export function parseRecord(line: unknown): HistoryRecord {
  const isEvent = typeof line === 'object' && line !== null && 'event' in line;
  return isEvent ? eventSchema.parse(line) : operationSchema.parse(line);
}

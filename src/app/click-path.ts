import type { Logger } from 'pino';
import { createClickRecorder } from '../clicks/click-recorder.ts';
import { openCountryDatabase } from '../clicks/facts/country-database.ts';
import { DailyClickJudge } from '../clicks/facts/daily-click-judge.ts';
import { RollupFolding } from '../clicks/rollup-folding.ts';
import { createCountingPace } from '../clicks/shipping/counting-pace.ts';
import { type DeliveryAnswer, parseAnswer } from '../clicks/shipping/delivery.ts';
import { Receiver } from '../clicks/shipping/receiver.ts';
import { ShipLoop } from '../clicks/shipping/ship-loop.ts';
import { Shipper, type ShipperCounts } from '../clicks/shipping/shipper.ts';
import type { SpoolCounts } from '../clicks/spool/spool-counts.ts';
import type { SpoolGauges } from '../clicks/spool/spool-gauges.ts';
import { startSpool } from '../clicks/spool/start-spool.ts';
import type { PeerClient } from '../cluster/peer-client.ts';
import type { Config } from '../config.ts';
import { msPerDay } from '../domain/click.ts';
import type { ClickReader } from '../domain/click-reader.ts';
import type { ClickRecorder } from '../domain/click-recorder.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { Random } from '../domain/random.ts';
import type { ClickWriterSource } from '../domain/writer.ts';

/** What the path of a click tells of itself. */
export interface ClickFigures {
  readonly spool: SpoolCounts & SpoolGauges;
  readonly shipper: ShipperCounts;
}

/** The path of a click on this node, from its recorder to the primary's receiver. */
export interface ClickPath {
  readonly recorder: ClickRecorder;
  /** Takes a delivery that came in at the private port. Throws what `ClickWriterSource` does. */
  readonly receive: (
    body: Uint8Array,
  ) => Promise<{ readonly status: number; readonly body: object }>;
  readonly figures: () => ClickFigures;
  /** Has what this node has kept compared anew with what is counted: a restore takes the counts back in time. */
  readonly compareAnew: () => void;
}

/** Where the primary's private port takes deliveries. */
const deliveryPath = '/clicks';
/** Longer than the receiver keeps a delivery. */
const deliveryTimeoutMs = 10_000;
/** Twice the retention at least, so that what is shipped again after a restore falls into its hours. */
const leastDatedForMs = 2 * msPerDay;

/** Starts it. What it holds is closed by `opened`: the spool last, so that nothing recorded stays unsealed. */
export async function startClickPath(
  config: Config,
  parts: {
    readonly cluster: Cluster;
    readonly clicks: ClickReader;
    readonly writers: ClickWriterSource;
    /** Calls `listener` when this node's copy of the links is of another epoch. Returns the way to stop. */
    readonly onEpoch: (listener: () => void) => () => void;
    readonly peers: PeerClient;
    readonly clock: Clock;
    readonly random: Random;
    /** How long counted batches stay at least, milliseconds, because no good backup has them. */
    readonly heldForMs: () => number;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): Promise<ClickPath> {
  const { cluster, clicks, writers, clock, random, opened } = parts;
  const log = parts.log.child({ room: 'clicks' });
  const { spoolDir, sync, retentionMs, spoolMaxBytes, hoursKeptMs } = config.clicks;
  const findCursor = clicks.findCursor.bind(clicks);
  const judge = opened.use(
    new DailyClickJudge({
      clock,
      random,
      trustProxy: config.http.trustProxy,
      baseUrl: config.http.baseUrl,
      findCountry: await openCountryDatabase(),
    }),
  );
  const { spool } = opened.use(
    await startSpool({
      folder: spoolDir,
      node: config.node.id,
      region: config.node.region,
      sync,
      retentionMs,
      heldForMs: parts.heldForMs,
      maxBytes: spoolMaxBytes,
      clock,
      random,
      log,
    }),
  );
  const receiver = new Receiver({
    writers,
    findCursor,
    clock,
    datedForMs: Math.max(leastDatedForMs, 2 * retentionMs),
    findRestMs: createCountingPace(() => spool.readGauges().oldestUnconfirmedMs),
    log,
  });

  /** To the primary's private port, or in process on the primary. */
  async function deliver(
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<DeliveryAnswer | undefined> {
    const role = cluster.role();
    if (role.is === 'primary') return (await receiver.receive(body)).body;
    if (role.is !== 'replica') return undefined;
    const answer = await parts.peers.send(
      role.primary,
      { method: 'POST', path: deliveryPath, body },
      AbortSignal.any([signal, AbortSignal.timeout(deliveryTimeoutMs)]),
    );
    if (answer === undefined) return undefined;
    const { status, body: text } = answer;
    const delivered = parseAnswer(text);
    if (delivered !== undefined) return delivered;
    throw new Failure('unavailable', `${role.primary} answered ${status} ${text.slice(0, 200)}`);
  }

  const shipper = new Shipper({ spool, deliver, readOwnCursor: findCursor, clock, log });
  const loop = opened.use(
    new ShipLoop({
      shipper,
      onSealed: (listener) => spool.onSealed(listener),
      // A restore takes the primary back in time, and leaves it the primary.
      onPrimaryChange(listener) {
        const stops = [cluster.onRole(listener), parts.onEpoch(listener)];
        return () => {
          for (const stop of stops) stop();
        };
      },
      clock,
      random,
      log,
    }),
  );
  opened.use(new RollupFolding({ writers, clock, hoursKeptMs, log }));
  return {
    recorder: createClickRecorder({ judge, spool }),
    receive: (body) => receiver.receive(body),
    figures: () => ({
      spool: { ...spool.readCounts(), ...spool.readGauges() },
      shipper: shipper.readCounts(),
    }),
    compareAnew: () => loop.askAnew(),
  };
}

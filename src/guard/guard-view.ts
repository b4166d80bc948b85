import type { NodeId } from '../domain/role.ts';
import type { ConsulClient } from './consul-call.ts';
import type { LiteFsWatchdog } from './litefs-watchdog.ts';
import type { GaugeName } from './metrics.ts';
import type { OwnLease } from './own-lease.ts';
import type { PlaceKeeper } from './place-keeper.ts';
import type { ProgressView } from './progress.ts';
import type { Relay } from './relay.ts';
import type { Watch } from './watch.ts';

interface Parts {
  readonly node: NodeId;
  readonly candidate: boolean;
  readonly client: ConsulClient;
  readonly places: PlaceKeeper;
  readonly lease: OwnLease;
  readonly progress: ProgressView;
  readonly watch: Watch;
  readonly relay: Relay;
  readonly watchdog: LiteFsWatchdog;
  readonly litefsPid: () => number | null;
  /** Who LiteFS or this guard last read to be the holder. */
  readonly holder: () => string | undefined;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** What the guard knows, for its own HTTP. */
export class GuardView {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The answer to `GET /guard/lease`. */
  lease(): Record<string, unknown> {
    const { node, candidate, places, lease, watch, client, watchdog } = this.#parts;
    const { held } = lease;
    const { tree } = watch;
    return {
      node,
      candidate: candidate && places.held !== undefined,
      place: places.held ?? null,
      lease: {
        holder: held === undefined ? (this.#parts.holder() ?? null) : node,
        isOurs: held !== undefined,
        renewedMsAgo: this.#agoMs(held?.confirmedAtMs),
      },
      consul: { answeredMsAgo: this.#agoMs(client.answeredAtMs) },
      candidates: (tree?.places ?? []).map(({ number, node: id, litefsUrl }) => ({
        ...{ node: id, litefsUrl, place: number },
      })),
      mark: tree?.mark ?? null,
      litefs: {
        pid: this.#parts.litefsPid(),
        answeredMsAgo: this.#agoMs(watchdog.answeredAtMs),
      },
    };
  }

  /** The gauges of `GET /guard/metrics`. */
  gauges(): Record<GaugeName, number | undefined> {
    const { places, lease, watch, client, watchdog, progress, relay } = this.#parts;
    const { held } = lease;
    return {
      lease_held: held === undefined ? 0 : 1,
      lease_confirmed_seconds: this.#agoSeconds(held?.confirmedAtMs),
      candidate_place: places.held ?? 0,
      consul_answered_seconds: this.#agoSeconds(client.answeredAtMs),
      litefs_answered_seconds: this.#agoSeconds(watchdog.answeredAtMs),
      progress_known: progress.fresh() === undefined ? 0 : 1,
      mark_epoch: watch.tree?.mark?.epoch,
      relay_streams: relay.streams,
      resident_memory_bytes: process.memoryUsage.rss(),
    };
  }

  #agoMs(atMs: number | undefined): number | null {
    return atMs === undefined ? null : Math.round(this.#parts.nowMs() - atMs);
  }

  #agoSeconds(atMs: number | undefined): number | undefined {
    const agoMs = this.#agoMs(atMs);
    return agoMs === null ? undefined : agoMs / 1000;
  }
}

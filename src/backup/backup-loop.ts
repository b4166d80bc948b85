import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Random } from '../domain/random.ts';
import { type BackupWork, findWork } from './backup-pace.ts';
import type { BackupFailureKind, BackupReport, BucketLook } from './backup-report.ts';
import { type BackupNode, orderForBackup } from './backup-turn.ts';
import { type BucketAges, BucketKnowledge } from './bucket-knowledge.ts';

/** A node of the fleet, and what it knows of the bucket. */
export interface BackupPeer extends BackupNode {
  readonly ages: BucketAges | undefined;
}

/** What a `BackupLoop` needs. */
export interface BackupLoopOptions {
  readonly node: string;
  readonly intervalMs: number;
  readonly clicksIntervalMs: number;
  /** All nodes of the fleet that answer, this one among them. Never rejects. */
  readonly listNodes: () => Promise<readonly BackupPeer[]>;
  /** A mark of the state of the links, equal only while nothing was committed; `undefined` while it cannot be told. */
  readonly stamp: () => string | number | undefined;
  /** Does the work in a process of its own. Never rejects. Ends early when the signal aborts. */
  readonly run: (work: BackupWork, signal: AbortSignal) => Promise<BackupReport>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;
  /** How often it is asked whether work is due, milliseconds; default 1,000. */
  readonly tickMs?: number;
}

/** What went wrong last, until something goes well again. */
export interface BackupTrouble {
  readonly work: BackupWork;
  readonly kind: BackupFailureKind;
  readonly why: string;
  /** By the monotonic clock. */
  readonly atMs: number;
}

/** What the loop tells of itself. */
export interface BackupFigures {
  readonly isOurTurn: boolean;
  readonly ages: BucketAges;
  /** How long there are changes of the links that this node does not know to be in a backup; 0 when there are none. */
  readonly unsavedMs: number;
  readonly newest: BucketLook['newest'];
  readonly trouble: BackupTrouble | undefined;
  /** Whether others should go before. */
  readonly isFailing: boolean;
  readonly lastMs: Readonly<Partial<Record<BackupWork, number>>>;
  readonly runs: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly sentBytes: number;
}

/** A failure is held against a node for so long. */
const failingForMs = 3_600_000;
/** So much of an interval, by chance, keeps two nodes from going on at the same moment for ever. */
const jitterPart = 0.1;

/**
 * Makes backups when they are due and it is this node's turn, tries them daily, and remembers how that went. One work at a
 * time. Everything heavy is done by `run`; here nothing waits for a bucket.
 */
export class BackupLoop implements AsyncDisposable {
  readonly #options: BackupLoopOptions;
  readonly #known: BucketKnowledge;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #runs: Record<string, number> = {};
  readonly #failures: Record<string, number> = {};
  readonly #lastMs: Partial<Record<BackupWork, number>> = {};
  #isOurTurn = false;
  #lookedAtMs: number | undefined;
  #savedStamp: string | number | undefined;
  #unsavedSinceMs: number | undefined;
  #trouble: BackupTrouble | undefined;
  #failuresInRow = 0;
  #clicksSameAtMs: number | undefined;
  #drillTriedAtMs: number | undefined;
  #newest: BucketLook['newest'] = null;
  #sentBytes = 0;

  constructor(options: BackupLoopOptions) {
    this.#options = options;
    this.#known = new BucketKnowledge(() => options.clock.monotonicMs());
    this.#running = this.#loop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  figures(): BackupFigures {
    const nowMs = this.#options.clock.monotonicMs();
    const trouble = this.#trouble;
    return {
      isOurTurn: this.#isOurTurn,
      ages: this.#known.ages(),
      unsavedMs: this.#unsavedSinceMs === undefined ? 0 : nowMs - this.#unsavedSinceMs,
      newest: this.#newest,
      trouble,
      isFailing: trouble !== undefined && nowMs - trouble.atMs < failingForMs,
      lastMs: { ...this.#lastMs },
      runs: { ...this.#runs },
      failures: { ...this.#failures },
      sentBytes: this.#sentBytes,
    };
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    const { tickMs = 1000, log } = this.#options;
    while (!signal.aborted) {
      await delay(tickMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#tick(signal);
      } catch (err) {
        log.error({ err }, 'backups could not be looked after');
      }
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs, stamp } = this.#options;
    const nowStamp = stamp();
    const isChanged = nowStamp !== undefined && nowStamp !== this.#savedStamp;
    const nowMs = clock.monotonicMs();
    if (isChanged) this.#unsavedSinceMs ??= nowMs;
    const work = this.#findWork(nowMs, isChanged);
    if (work === undefined) return;
    if (!(await this.#isTurn())) {
      // Asked again after an interval.
      this.#lookedAtMs = nowMs;
      this.#drillTriedAtMs = nowMs;
      return;
    }
    if (work === 'backup') this.#lookedAtMs = nowMs + this.#jitterMs(intervalMs);
    const report = await this.#options.run(work, signal);
    if (signal.aborted) return;
    this.#note(work, report, nowStamp, nowMs);
  }

  #findWork(nowMs: number, isChanged: boolean): BackupWork | undefined {
    const { intervalMs, clicksIntervalMs } = this.#options;
    const ages = this.#known.ages();
    return findWork({
      nowMs,
      intervalMs,
      clicksIntervalMs,
      lookedAtMs: this.#lookedAtMs,
      failedAtMs: this.#trouble?.atMs,
      failuresInRow: this.#failuresInRow,
      isChanged,
      clicksAgeMs: ages.clicksAgeMs ?? undefined,
      clicksSameAtMs: this.#clicksSameAtMs,
      hasBackup: ages.newestAgeMs !== null,
      verifiedAgeMs: ages.verifiedAgeMs ?? undefined,
      drillTriedAtMs: this.#drillTriedAtMs,
    });
  }

  async #isTurn(): Promise<boolean> {
    const { node, listNodes, log } = this.#options;
    const nodes = await listNodes();
    for (const { ages } of nodes) if (ages !== undefined) this.#known.hear(ages);
    const order = orderForBackup(nodes);
    const isOurTurn = order[0] === node;
    if (isOurTurn !== this.#isOurTurn) {
      log.info({ isOurTurn, by: order[0] }, 'turn to make backups changed');
    }
    this.#isOurTurn = isOurTurn;
    return isOurTurn;
  }

  #note(
    work: BackupWork,
    report: BackupReport,
    stampBefore: string | number | undefined,
    startedMs: number,
  ): void {
    const { clock, log } = this.#options;
    const key = `${work} ${report.outcome}`;
    this.#runs[key] = (this.#runs[key] ?? 0) + 1;
    if (report.outcome === 'failed') {
      this.#noteFailure(work, report);
      return;
    }
    this.#lastMs[work] = clock.monotonicMs() - startedMs;
    const clicksAgeMs = report.look.newest?.clicksAgeMs ?? 0;
    if (report.outcome === 'unchanged' && clicksAgeMs >= this.#options.clicksIntervalMs) {
      this.#clicksSameAtMs = startedMs;
    }
    this.#known.saw(report.look);
    this.#newest = report.look.newest;
    this.#sentBytes += report.sentBytes;
    if (work === 'drill') {
      this.#drillTriedAtMs = report.look.verified === null ? startedMs : undefined;
    }
    if (this.#trouble === undefined || this.#trouble.work === work) {
      if (this.#trouble !== undefined) log.info({ work }, 'backups work again');
      this.#trouble = undefined;
      this.#failuresInRow = 0;
    }
    const { outcome, tookMs, sentBytes } = report;
    log.info(
      { outcome, tookMs, sentBytes, newest: report.look.newest?.name },
      'backup looked after',
    );
    if (outcome !== 'taken' && outcome !== 'unchanged') return;
    this.#savedStamp = stampBefore;
    this.#unsavedSinceMs = undefined;
  }

  #noteFailure(work: BackupWork, { kind, why }: { kind: BackupFailureKind; why: string }): void {
    const atMs = this.#options.clock.monotonicMs();
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1;
    this.#trouble = { work, kind, why, atMs };
    if (work === 'drill') this.#drillTriedAtMs = atMs;
    else this.#failuresInRow += 1;
    this.#options.log.error({ work, kind, why }, 'backup failed');
  }

  #jitterMs(intervalMs: number): number {
    const [byte = 0] = this.#options.random.bytes(1);
    return (byte / 256) * jitterPart * intervalMs;
  }
}

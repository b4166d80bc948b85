import type { CatchUp } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import type { WriteHold } from '../domain/write-hold.ts';
import type { WriterSource } from '../domain/writer.ts';
import type { ClickFigures, ClickPath } from './click-path.ts';

/** A backup that a node shows in place of data of its own (`hoplite serve --from-snapshot`). */
export interface ServedBackup {
  /** Of which time its links are, ISO 8601. */
  readonly takenAt: string;
}

/** What does not change soon is not to be asked again each second. */
const retryAfterS = 60;

/** The write path of a node that serves a backup: every write is refused, at the gate and behind it. */
export function refuseWrites({ takenAt }: ServedBackup): {
  readonly writeHold: WriteHold;
  readonly writers: WriterSource;
} {
  const refuse = (): never => {
    throw new Failure(
      'unavailable',
      `This node serves the backup of ${takenAt}, which can only be read. Nothing was changed.`,
      { retryAfterS },
    );
  };
  return { writeHold: { findWay: async () => refuse() }, writers: { writer: refuse } };
}

/**
 * Such a node never catches up with anybody. What is not in the backup may have been made since, so it is not denied: no
 * node says 404 for a link whose making was answered with 2xx.
 */
export function neverCatchUp({ takenAt }: ServedBackup): CatchUp {
  const refusal = new Failure(
    'unavailable',
    `The backup of ${takenAt}, which this node serves, has no such link. It may have been made since, which cannot be told here.`,
    { retryAfterS },
  );
  return { catchUp: async () => false, refusal };
}

/** The path of clicks that are not counted: those of a node that serves a backup. */
export function createNoClickPath(): ClickPath {
  return {
    recorder: { add() {}, addOrphan() {}, append: () => undefined },
    receive: () => Promise.reject(new NotPrimary()),
    figures: () => nothing,
    compareAnew() {},
  };
}

const nothing: ClickFigures = {
  spool: {
    recorded: 0,
    dropped: { disk_full: 0, spool_full: 0, io_error: 0 },
    lost: { torn: 0, damaged: 0 },
    isMoved: false,
    unconfirmedClicks: 0,
    oldestUnconfirmedMs: 0,
    batches: 0,
    bytes: 0,
  },
  shipper: { batches: 0, clicks: 0, failures: 0, lost: 0, conflicts: 0 },
};

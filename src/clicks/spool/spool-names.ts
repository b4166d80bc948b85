import { isProducerId, type ProducerId } from '../../domain/click-cursor.ts';

/**
 * What the name of a batch's file says, so that a start needs not read thousands of files:
 * `<seq>-<clicks before>-<clicks>-<sealed at, ms>-<s|r|m>.batch`.
 */
export interface BatchName {
  readonly seq: number;
  readonly clicksBefore: number;
  readonly clicks: number;
  /** Wall clock, milliseconds. */
  readonly sealedAtMs: number;
  /** Sealed normally, by recovery, or mended after its file was damaged. */
  readonly origin: BatchOrigin;
}

export type BatchOrigin = 'sealed' | 'recovered' | 'mended';

/**
 * `open` is a segment that grows, `batch` a sealed one, `damaged` and `dropped` are kept aside so that their numbers
 * stay taken, `temporary` is what a crash left half written.
 */
export type SpoolFile =
  | { readonly is: 'open'; readonly seq: number }
  | { readonly is: 'batch' | 'damaged' | 'dropped'; readonly batch: BatchName }
  | { readonly is: 'temporary' };

/** A producer's folder is named after it. */
export function findProducer(folder: string): ProducerId | undefined {
  return isProducerId(folder) ? folder : undefined;
}

export function openName(seq: number): string {
  return `${seq}.open`;
}

export function temporaryName(name: string): string {
  return `${name}.tmp`;
}

export function batchName(batch: BatchName, ending: 'batch' | 'damaged' | 'dropped'): string {
  const { seq, clicksBefore, clicks, sealedAtMs, origin } = batch;
  return `${seq}-${clicksBefore}-${clicks}-${sealedAtMs}-${origin[0]}.${ending}`;
}

/** A time of the wall clock as a name can have it. */
export function toFileTime(ms: number): number {
  return Math.max(0, Math.floor(ms));
}

/** What a file of a producer's folder is; `undefined` for one that no batch is in. */
export function parseSpoolName(name: string): SpoolFile | undefined {
  if (name.endsWith('.tmp')) return { is: 'temporary' };
  const open = /^(\d{1,15})\.open$/.exec(name);
  if (open !== null) return { is: 'open', seq: Number(open[1]) };
  const sealed =
    /^(\d{1,15})-(\d{1,15})-(\d{1,10})-(\d{1,15})-([srm])\.(batch|damaged|dropped)$/.exec(name);
  if (sealed === null) return undefined;
  const batch: BatchName = {
    seq: Number(sealed[1]),
    clicksBefore: Number(sealed[2]),
    clicks: Number(sealed[3]),
    sealedAtMs: Number(sealed[4]),
    origin: sealed[5] === 's' ? 'sealed' : sealed[5] === 'r' ? 'recovered' : 'mended',
  };
  return { is: sealed[6] as 'batch' | 'damaged' | 'dropped', batch };
}

import type { Logger } from 'pino';
import type { Clock } from '../../domain/clock.ts';
import type { Random } from '../../domain/random.ts';
import type { SpoolFiles } from './spool-files.ts';

/** What a spool works with. */
export interface SpoolOptions {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Compresses with zstd, away from this thread. */
  readonly compress: (frames: Uint8Array) => Promise<Uint8Array>;
  /** Unpacks of damaged bytes what can be unpacked, and never rejects; default `unpackBeginning`. */
  readonly unpack?: ((packed: Uint8Array) => Promise<Buffer>) | undefined;
  /** This node's id: another node with a copy of the volume is another producer. */
  readonly node: string;
  readonly region: string;
  /** When clicks are forced to the disk: before each answer, every so many milliseconds, or when the system likes. */
  readonly sync: 'tick' | 'off' | number;
  /** How long a batch stays after it was counted, milliseconds. */
  readonly retentionMs: number;
  /**
   * How long a batch stays at least besides, milliseconds, because no backup that is known to be good has it; asked each
   * time. Default: 0.
   */
  readonly heldForMs?: (() => number) | undefined;
  /** What all files of the spool may take together. */
  readonly maxBytes: number;
}

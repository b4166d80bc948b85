import { openSync, readSync } from 'node:fs';
import type { Position, Txid } from '../../src/domain/position.ts';
import type { PositionSource } from '../../src/storage/position-file.ts';

/**
 * Plays LiteFS's position for a database in DELETE mode: its txid is the change counter in the file's header, which
 * SQLite raises with each commit of anybody. The descriptor stays open, because closing it would drop the
 * locks of this process on the file.
 */
export class ChangeCounterPosition implements PositionSource {
  readonly #file: string;
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  read(): Position | undefined {
    const counter = this.commits();
    const hex = counter.toString(16).padStart(16, '0');
    return counter === 0 ? undefined : { txid: hex as Txid, checksum: hex };
  }

  /** How many transactions the file has seen. */
  commits(): number {
    this.#descriptor ??= openSync(this.#file, 'r');
    const header = Buffer.alloc(28);
    return readSync(this.#descriptor, header, 0, 28, 0) < 28 ? 0 : header.readUInt32BE(24);
  }

  [Symbol.dispose](): void {}
}

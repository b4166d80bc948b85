import type { Spool } from '../../src/clicks/spool/spool.ts';
import type { StoredBatch } from '../../src/clicks/spool/spool-producer.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { type ClickLedger, idsIn } from './click-simulation-ledger.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** A batch that a spool listed once and lists no more. */
export interface GoneBatch {
  readonly producer: ProducerId;
  /** Its producer and the name of its file. */
  readonly path: string;
  /** The clicks in it. */
  readonly ids: readonly number[];
}

/** The batches that the spool of a volume listed, as their files were when they were seen first. */
export class SeenBatches {
  readonly #seen = new Map<string, { readonly producer: ProducerId; readonly bytes: Uint8Array }>();
  #listed = new Set<string>();

  /** Shows the ledger those that are new. Gives those that are gone since. */
  note(spool: Spool, disk: SimulatedDisk, ledger: ClickLedger): readonly GoneBatch[] {
    const listed = new Set<string>();
    for (const producer of spool.listProducers()) {
      for (const batch of spool.listBatches(producer)) {
        const { seq, clicks, name } = batch as StoredBatch;
        const path = `${producer}/${name}`;
        listed.add(path);
        if (this.#seen.has(path)) continue;
        const bytes = disk.readFile(producer, name);
        this.#seen.set(path, { producer, bytes });
        ledger.noteBatch({ producer, seq, clicks, bytes });
      }
    }
    const before = this.#listed;
    this.#listed = listed;
    return [...before.difference(listed)].flatMap((path) => {
      const seen = this.#seen.get(path);
      return seen === undefined ? [] : [{ producer: seen.producer, path, ids: idsIn(seen.bytes) }];
    });
  }

  /** The clicks in a batch, as it was seen first. */
  idsOf({ producer, name }: StoredBatch): readonly number[] {
    const seen = this.#seen.get(`${producer}/${name}`);
    return seen === undefined ? [] : idsIn(seen.bytes);
  }

  /** Another volume is in place of this one. */
  clear(): void {
    this.#seen.clear();
    this.#listed.clear();
  }
}

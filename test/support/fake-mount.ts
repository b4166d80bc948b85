import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Position, Txid } from '../../src/domain/position.ts';

/** Makes a position out of a small number. */
export function positionAt(txid: number, checksum = txid): Position {
  return { txid: hex(txid) as Txid, checksum: hex(checksum) };
}

function hex(value: number): string {
  return value.toString(16).padStart(16, '0');
}

/** A temporary folder that plays LiteFS's mount. */
export class FakeMount implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'hoplite-mount-'));

  /** Writes `links.db-pos`, or that of another database. */
  setPosition(position: Position, database = 'links.db'): void {
    this.write(`${database}-pos`, `${position.txid}/${position.checksum}\n`);
  }

  setPrimaryName(hostname: string): void {
    this.write('.primary', `${hostname}\n`);
  }

  setLag(lagMs: number): void {
    this.write('.lag', `${lagMs < 0 ? '-' : '+'}${String(Math.abs(lagMs)).padStart(9, '0')}\n`);
  }

  remove(name: string): void {
    rmSync(join(this.directory, name), { force: true });
  }

  /**
   * Lets reads of `links.db-pos` fail with EIO, as on a mount whose LiteFS died: byte 0 of a process's memory can be
   * opened but not read. Descriptors that are open go on giving the last position, as they do there.
   */
  die(): void {
    this.remove('links.db-pos');
    symlinkSync('/proc/self/mem', join(this.directory, 'links.db-pos'));
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Writes any file as it is. */
  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }
}

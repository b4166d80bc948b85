import { type Position, parsePosition } from '../domain/position.ts';
import type { Mount } from './mount.ts';

/** Length of a `-pos` file: two times 16 hex digits, a slash and a line end. */
export const bytesInPosition = 34;
/** LiteFS's position of a database that nobody has written to yet. */
const zeroTxid = '0000000000000000';

/** What the content of a `-pos` file says; `undefined` while the database does not exist or is still empty. */
export function toPosition(text: string | undefined): Position | undefined {
  const position = text === undefined ? undefined : parsePosition(text);
  return position?.txid === zeroTxid ? undefined : position;
}

/**
 * The position of one database, from its LiteFS `-pos` file.
 *
 * A descriptor that stays open answers from the kernel's page cache in about 1 µs, and LiteFS drops that page
 * on each change. But after LiteFS died it goes on giving the last position for ever, without an error. So it
 * may stay open only while something else proves that LiteFS lives; otherwise the file is opened for each read.
 */
export class PositionFile {
  readonly #mount: Mount;
  readonly #name: string;
  readonly #bytes = Buffer.alloc(bytesInPosition);
  readonly #knownBytes = Buffer.alloc(bytesInPosition);
  #known: Position | undefined;
  #mayStayOpen = false;
  #fd: number | undefined;

  constructor(mount: Mount, database: string) {
    this.#mount = mount;
    this.#name = `${database}-pos`;
  }

  /** From now on LiteFS is known to live: the file may stay open. */
  keepOpen(): void {
    this.#mayStayOpen = true;
  }

  /** LiteFS is no longer known to live: every read opens the file afresh. */
  release(): void {
    this.#mayStayOpen = false;
    if (this.#fd !== undefined) this.#mount.closeFile(this.#fd);
    this.#fd = undefined;
  }

  /**
   * The position, the same object as long as it is the same; `undefined` while the database does not exist or
   * is still empty. Throws `DeadMount`.
   */
  read(): Position | undefined {
    const fd = this.#fd ?? this.#mount.openFile(this.#name);
    if (fd === undefined) return undefined;
    if (this.#mayStayOpen) this.#fd = fd;
    try {
      return this.#parse(this.#mount.readFile(fd, this.#bytes));
    } finally {
      if (!this.#mayStayOpen) this.#mount.closeFile(fd);
    }
  }

  #parse(length: number): Position | undefined {
    if (length !== bytesInPosition) return undefined;
    if (this.#known !== undefined && this.#bytes.equals(this.#knownBytes)) return this.#known;
    const position = toPosition(this.#bytes.toString('latin1'));
    if (position === undefined) return undefined;
    this.#bytes.copy(this.#knownBytes);
    this.#known = position;
    return position;
  }
}

import { redirectCodes } from '../domain/link.ts';
import { type CompiledLink, type Conditions, refusals } from './compiled-link.ts';

// How a link lies in the slab, from a multiple of 8 on:
//
//      0  where the next record of its bucket lies; 0 for none
//      4  characters of the key; 0 for a gap, which lasts to the end of the slab
//      5  marks
//      6  characters of the location
//      8  id, a double
//     16  key, then location, one byte a character
//         and, when the link has times, from the next multiple of 8 on: notBefore and expiresAt, NaN for none
const headBytes = 16;
const timesBytes = 16;

/** Marks. The lowest two bits are the code, the next two why the link redirects nobody. */
const codeBits = 0b11;
const refusalShift = 2;
const refusalBits = 0b11;
const forwardsQuery = 1 << 4;
const hasTimes = 1 << 5;
const isUsed = 1 << 6;
const isDead = 1 << 7;

const maxKeyLength = 0xff;
const maxLocationLength = 0xffff;

/** What a link takes in a slab, bytes; `undefined` for one that has no place there: none has such a long slug. */
export function recordBytes({ key, location, special }: CompiledLink): number | undefined {
  if (key.length === 0 || key.length > maxKeyLength || location.length > maxLocationLength) {
    return undefined;
  }
  const text = padded(headBytes + key.length + location.length);
  return findTimes(special) === undefined ? text : text + timesBytes;
}

/**
 * Links as bytes, outside of V8's heap. There 250,000 of them take 2.6 times as much, and as each outlives two
 * collections of the young, these stopped the thread for 40 ms where here they take 1.
 *
 * Knows records, and nothing of where they go: offsets are multiples of 8 below 4 GiB.
 */
export class LinkSlab {
  readonly #bytes: Buffer;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  /** `size` is a multiple of 8. What was never written to takes none of the machine's memory. */
  constructor(size: number) {
    const memory = new ArrayBuffer(size);
    this.#bytes = Buffer.from(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
    this.#doubles = new Float64Array(memory);
  }

  /** Writes a link, alive and not used. Its key and location are ASCII. */
  write(offset: number, next: number, { key, id, code, location, special }: CompiledLink): void {
    const times = findTimes(special);
    const refusal = refusals.indexOf(special as (typeof refusals)[number]) + 1;
    const textEnd = headBytes + key.length + location.length;
    this.#words[offset >>> 2] = next;
    this.#bytes[offset + 4] = key.length;
    this.#bytes[offset + 5] =
      redirectCodes.indexOf(code) |
      (refusal << refusalShift) |
      (isConditions(special) && special.forwardQuery ? forwardsQuery : 0) |
      (times === undefined ? 0 : hasTimes);
    this.#halves[(offset + 6) >>> 1] = location.length;
    this.#doubles[(offset + 8) >>> 3] = id;
    this.#bytes.write(key, offset + headBytes, 'latin1');
    this.#bytes.write(location, offset + headBytes + key.length, 'latin1');
    if (times === undefined) return;
    const at = (offset + padded(textEnd)) >>> 3;
    this.#doubles[at] = times.notBefore ?? Number.NaN;
    this.#doubles[at + 1] = times.expiresAt ?? Number.NaN;
  }

  /** Reads a link, whose key is known. */
  read(offset: number, key: string): CompiledLink {
    const marks = this.#byte(offset + 5);
    const start = offset + headBytes + key.length;
    const end = start + this.#locationLength(offset);
    return {
      key,
      id: this.#doubles[(offset + 8) >>> 3] as number,
      code: redirectCodes[marks & codeBits] as CompiledLink['code'],
      location: this.#bytes.toString('latin1', start, end),
      special: this.#readSpecial(marks, offset + padded(end - offset)),
    };
  }

  /** Whether the record at an offset is that of a key. */
  isOf(offset: number, key: string): boolean {
    const { length } = key;
    if (this.#byte(offset + 4) !== length) return false;
    for (let at = 0; at < length; at += 1) {
      if (this.#byte(offset + headBytes + at) !== key.charCodeAt(at)) return false;
    }
    return true;
  }

  keyAt(offset: number): string {
    const start = offset + headBytes;
    return this.#bytes.toString('latin1', start, start + this.#byte(offset + 4));
  }

  /** How many bytes the record at an offset takes; `undefined` for a gap. */
  bytesAt(offset: number): number | undefined {
    const keyLength = this.#byte(offset + 4);
    if (keyLength === 0) return undefined;
    const text = padded(headBytes + keyLength + this.#locationLength(offset));
    return (this.#byte(offset + 5) & hasTimes) === 0 ? text : text + timesBytes;
  }

  nextAt(offset: number): number {
    return this.#words[offset >>> 2] as number;
  }

  setNext(offset: number, next: number): void {
    this.#words[offset >>> 2] = next;
  }

  markUsed(offset: number): void {
    this.#bytes[offset + 5] = this.#byte(offset + 5) | isUsed;
  }

  /** Takes the mark of use away; false when there was none. */
  unmarkUsed(offset: number): boolean {
    const marks = this.#byte(offset + 5);
    this.#bytes[offset + 5] = marks & ~isUsed;
    return (marks & isUsed) !== 0;
  }

  markDead(offset: number): void {
    this.#bytes[offset + 5] = this.#byte(offset + 5) | isDead;
  }

  isDeadAt(offset: number): boolean {
    return (this.#byte(offset + 5) & isDead) !== 0;
  }

  /** Makes everything from an offset to the end of the slab a gap. */
  writeGap(offset: number): void {
    this.#bytes[offset + 4] = 0;
  }

  move(from: number, to: number, bytes: number): void {
    this.#bytes.copyWithin(to, from, from + bytes);
  }

  #readSpecial(marks: number, timesAt: number): CompiledLink['special'] {
    const refusal = (marks >>> refusalShift) & refusalBits;
    if (refusal !== 0) return refusals[refusal - 1];
    const areThere = (marks & hasTimes) !== 0;
    const forwardQuery = (marks & forwardsQuery) !== 0;
    if (!areThere && !forwardQuery) return undefined;
    const notBefore = areThere ? toTime(this.#doubles[timesAt >>> 3]) : null;
    const expiresAt = areThere ? toTime(this.#doubles[(timesAt >>> 3) + 1]) : null;
    return {
      timing: { notBefore, expiresAt, disabled: false, blocked: false },
      forwardQuery,
    };
  }

  #byte(offset: number): number {
    return this.#bytes[offset] as number;
  }

  #locationLength(offset: number): number {
    return this.#halves[(offset + 6) >>> 1] as number;
  }
}

/** The times of a link that has any. */
function findTimes(special: CompiledLink['special']): Conditions['timing'] | undefined {
  if (!isConditions(special)) return undefined;
  const { notBefore, expiresAt } = special.timing;
  return notBefore === null && expiresAt === null ? undefined : special.timing;
}

function isConditions(special: CompiledLink['special']): special is Conditions {
  return special !== undefined && 'timing' in special;
}

function toTime(stored: number | undefined): number | null {
  return stored === undefined || Number.isNaN(stored) ? null : stored;
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}

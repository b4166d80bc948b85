import type { CompiledLink } from './compiled-link.ts';
import { LinkSlab, recordBytes } from './link-slab.ts';

/** Links of common lengths take so many bytes: there are as many buckets as such links have room. */
const usualBytes = 112;
/** Of the bound, what the buckets take. */
const bucketBytes = 4;

/** Links that were asked for last are there as objects too: one for so many bytes of the bound. */
const bytesPerRecent = 65_536;
const mostRecent = 1024;

/** Offsets are 32 bits. So much holds 38 million links. */
const mostBytes = 2 ** 32 - 8;

/** How many links in use are kept on in place of one that is dropped; then the next goes, used or not. */
const mostKeptOn = 32;

/**
 * A memory of links that is bounded in bytes and drops what is not asked for.
 *
 * Links lie in a ring of bytes in the order they came. To make room the oldest goes; one that was asked for since
 * it came goes to the front instead, once. That is CLOCK, which a scan of links that nobody asks for again does not
 * clear of those in use. The last ones asked for are there as objects too, since making an object takes a quarter of a
 * microsecond.
 */
export class LinkMemory {
  readonly #slab: LinkSlab;
  readonly #size: number;
  /** Where the first record of each bucket lies, counted in units of 8 from 1; 0 for none. */
  readonly #buckets: Uint32Array;
  readonly #bucketMask: number;
  readonly #recentMask: number;
  #recent: (CompiledLink | undefined)[];
  /** Where the next link goes, and where the oldest lies. */
  #head = 0;
  #tail = 0;
  /** From the oldest to the newest: links, those that were deleted, gaps. */
  #filled = 0;
  #bytes = 0;
  #links = 0;

  /** `maxBytes` above 4 GiB are as good as that. */
  constructor(maxBytes: number) {
    const bound = Math.min(maxBytes, mostBytes);
    const buckets = powerOfTwo(bound / (usualBytes + bucketBytes));
    const recent = Math.min(mostRecent, powerOfTwo(bound / bytesPerRecent));
    this.#size = Math.max(0, Math.floor((bound - buckets * bucketBytes) / 8) * 8);
    this.#slab = new LinkSlab(this.#size);
    this.#buckets = new Uint32Array(buckets);
    this.#bucketMask = buckets - 1;
    this.#recentMask = recent - 1;
    this.#recent = new Array(recent).fill(undefined);
  }

  /** What the links take; never above the bound. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many links there are. */
  get size(): number {
    return this.#links;
  }

  get(key: string): CompiledLink | undefined {
    const hash = toHash(key);
    const recent = this.#recent[this.#recentAt(hash)];
    if (recent !== undefined && recent.key === key) return recent;
    const offset = this.#find(key, hash);
    if (offset === undefined) return undefined;
    this.#slab.markUsed(offset);
    const link = this.#slab.read(offset, key);
    this.#recent[this.#recentAt(hash)] = link;
    return link;
  }

  /** Keeps a link in place of any other with its key, when there is room for it at all. */
  set(link: CompiledLink): void {
    this.delete(link.key);
    const bytes = recordBytes(link);
    if (bytes === undefined || bytes > this.#size) return;
    this.#makeRoom(bytes);
    const offset = this.#head;
    const hash = toHash(link.key);
    const bucket = this.#bucketOf(hash);
    this.#slab.write(offset, this.#buckets[bucket] as number, link);
    this.#buckets[bucket] = toPlace(offset);
    this.#recent[this.#recentAt(hash)] = link;
    this.#head = this.#after(offset, bytes);
    this.#filled += bytes;
    this.#bytes += bytes;
    this.#links += 1;
  }

  delete(key: string): void {
    const hash = toHash(key);
    const recentAt = this.#recentAt(hash);
    if (this.#recent[recentAt]?.key === key) this.#recent[recentAt] = undefined;
    const offset = this.#find(key, hash);
    if (offset === undefined) return;
    this.#forget(offset);
    this.#slab.markDead(offset);
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#recent = this.#recent.map(() => undefined);
    this.#head = 0;
    this.#tail = 0;
    this.#filled = 0;
    this.#bytes = 0;
    this.#links = 0;
  }

  #find(key: string, hash: number): number | undefined {
    let place = this.#buckets[this.#bucketOf(hash)] as number;
    while (place !== 0) {
      const offset = toOffset(place);
      if (this.#slab.isOf(offset, key)) return offset;
      place = this.#slab.nextAt(offset);
    }
    return undefined;
  }

  /** Sees to it that so many bytes are free in one piece behind the head. */
  #makeRoom(bytes: number): void {
    let keepOn = mostKeptOn;
    while (this.#room() < bytes) {
      if (this.#filled > 0 && this.#head > this.#tail) {
        this.#closeWithGap();
      } else if (this.#dropOldest(keepOn > 0) === 'kept on') {
        keepOn -= 1;
      }
    }
  }

  /** How much is free in one piece behind the head. */
  #room(): number {
    if (this.#filled === 0) {
      this.#head = 0;
      this.#tail = 0;
      return this.#size;
    }
    return this.#head > this.#tail ? this.#size - this.#head : this.#tail - this.#head;
  }

  #closeWithGap(): void {
    this.#slab.writeGap(this.#head);
    this.#filled += this.#size - this.#head;
    this.#head = 0;
  }

  /** Drops what lies at the tail, unless it is a link in use and may be kept on. */
  #dropOldest(mayKeepOn: boolean): 'dropped' | 'kept on' {
    const offset = this.#tail;
    const bytes = this.#slab.bytesAt(offset);
    if (bytes === undefined) {
      this.#filled -= this.#size - offset;
      this.#tail = 0;
      return 'dropped';
    }
    this.#tail = this.#after(offset, bytes);
    if (!this.#slab.isDeadAt(offset)) {
      if (mayKeepOn && this.#slab.unmarkUsed(offset)) {
        this.#keepOn(offset, bytes);
        return 'kept on';
      }
      this.#forget(offset);
    }
    this.#filled -= bytes;
    return 'dropped';
  }

  /** Moves the link that was the oldest to the head; there is room, since it leaves as much behind. */
  #keepOn(from: number, bytes: number): void {
    const to = this.#head;
    this.#relink(from, toPlace(to));
    this.#slab.move(from, to, bytes);
    this.#head = this.#after(to, bytes);
  }

  /** Takes a link out of its bucket. */
  #forget(offset: number): void {
    this.#bytes -= this.#slab.bytesAt(offset) ?? 0;
    this.#links -= 1;
    this.#relink(offset, this.#slab.nextAt(offset));
  }

  /** Lets what points at the record at `offset` point at another place. */
  #relink(offset: number, place: number): void {
    const bucket = this.#bucketOf(toHash(this.#slab.keyAt(offset)));
    const first = this.#buckets[bucket] as number;
    if (toOffset(first) === offset) {
      this.#buckets[bucket] = place;
      return;
    }
    let before = toOffset(first);
    while (toOffset(this.#slab.nextAt(before)) !== offset) {
      before = toOffset(this.#slab.nextAt(before));
    }
    this.#slab.setNext(before, place);
  }

  #after(offset: number, bytes: number): number {
    return offset + bytes === this.#size ? 0 : offset + bytes;
  }

  #bucketOf(hash: number): number {
    return hash & this.#bucketMask;
  }

  /** By other bits than the bucket. */
  #recentAt(hash: number): number {
    return (hash >>> 20) & this.#recentMask;
  }
}

/** The largest power of two that is not above `value`; at least 1. */
function powerOfTwo(value: number): number {
  return value < 2 ? 1 : 2 ** Math.floor(Math.log2(value));
}

function toPlace(offset: number): number {
  return offset / 8 + 1;
}

function toOffset(place: number): number {
  return (place - 1) * 8;
}

/** FNV-1a with a last mixing: spreads keys evenly, whatever they have in common. 32 bits, signed. */
function toHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

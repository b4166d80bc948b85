import type { Logger } from 'pino';
import type { DestinationPolicy } from '../domain/destination.ts';
import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import type {
  RedirectKey,
  RedirectSnapshot,
  RedirectStore,
  Stamp,
} from '../domain/redirect-store.ts';
import { foldSlug, type Slug, type SlugKey } from '../domain/slug.ts';
import { type CompiledLink, cacheKey, compileLink } from './compiled-link.ts';
import type { Finding, Hit } from './hit.ts';
import { LinkMemory } from './link-memory.ts';

export interface ResolverOptions {
  readonly store: RedirectStore;
  readonly stamp: Stamp;
  readonly destinationPolicy: DestinationPolicy;
  /** Bound of the memory, bytes; 0 keeps nothing. */
  readonly cacheMaxBytes: number;
  readonly log: Pick<Logger, 'error'>;
}

/** The state of this node's copy that the memory equals. */
interface Seen {
  /** The stamp before the read. */
  readonly stamp: ReturnType<Stamp>;
  /** Whether it was still the same after the read, so that it is the stamp of just this state. */
  readonly isSettled: boolean;
  readonly epoch: number;
  readonly revision: number;
  readonly slugCase: SlugCase;
}

interface Read {
  readonly seen: Seen;
  readonly links: RedirectSnapshot['links'];
}

type Unread = Exclude<Finding, CompiledLink | 'unknown'>;

/** A revision beyond all: whoever remembers nothing need not hear what changed. */
const beyondAll = Number.MAX_SAFE_INTEGER;

/**
 * Looks slugs up, in memory and in this node's copy.
 *
 * The memory is exact: it answers nothing that a fresh read would not. Each call first looks at the stamp; when
 * that moved, a read tells which links changed since the last one, and those are dropped. Everything is dropped
 * when the two states cannot be joined: another epoch, a log that does not reach back, a revision or txid that
 * went back (a failover lost transactions), other folding. The stamp is read before the data, so that a commit in
 * between is found by the next call; and after it too, because when that commit is lost by a failover, the stamp
 * goes back to what it was.
 *
 * Slugs without a link are not kept: a scan could fill the memory with them, and each costs a primary
 * that has just been asked nothing but one search in an index.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #memory: LinkMemory;
  #seen: Seen | undefined;
  #isFailing = false;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#memory = new LinkMemory(options.cacheMaxBytes);
  }

  /** Bytes in memory. */
  get cacheBytes(): number {
    return this.#memory.bytes;
  }

  /** Sets the `finding` of each hit. Never throws: what cannot be found out is `unreadable`, and the log says why. */
  resolve(hits: readonly Hit[]): void {
    for (const hit of hits) hit.finding = 'unreadable';
    try {
      this.#resolve(hits);
    } catch (error) {
      // Once until a read works again: this can come up in every tick.
      if (!this.#isFailing) this.#options.log.error({ err: error }, 'links cannot be read');
      this.#isFailing = true;
    }
  }

  #resolve(hits: readonly Hit[]): void {
    const seen = this.#refresh();
    if (typeof seen === 'string') {
      for (const hit of hits) hit.finding = seen;
      return;
    }
    const missing: Hit[] = [];
    for (const hit of hits) {
      const link = this.#memory.get(cacheKey(toKey(hit.slug, seen.slugCase)));
      if (link === undefined) missing.push(hit);
      else hit.finding = link;
    }
    if (missing.length > 0) this.#resolveMissing(missing, seen);
  }

  /** Brings the memory to the present state. */
  #refresh(): Seen | Unread {
    const stamp = this.#options.stamp();
    const seen = this.#seen;
    if (seen?.isSettled === true && seen.stamp === stamp) return seen;
    const read = this.#read([], stamp);
    return typeof read === 'string' ? read : read.seen;
  }

  #resolveMissing(hits: readonly Hit[], { slugCase, stamp }: Seen): void {
    const keys = new Map<SlugKey, RedirectKey>();
    for (const { slug } of hits) {
      const key = toKey(slug, slugCase);
      keys.set(key.slugKey, key);
    }
    const read = this.#read([...keys.values()], stamp);
    if (typeof read === 'string' || read.seen.slugCase !== slugCase) {
      // Keys that were folded in another way than the links that were read are looked up again in the next tick.
      for (const hit of hits) hit.finding = typeof read === 'string' ? read : 'busy';
      return;
    }
    const links = this.#remember(read.links);
    for (const hit of hits) hit.finding = links.get(foldSlug(hit.slug, slugCase)) ?? 'unknown';
  }

  #remember(links: RedirectSnapshot['links']): ReadonlyMap<SlugKey, CompiledLink> {
    const compiled = new Map<SlugKey, CompiledLink>();
    for (const link of links) {
      if (link === undefined) continue;
      const entry = compileLink(link, this.#options.destinationPolicy);
      compiled.set(link.slugKey, entry);
      this.#memory.set(entry);
    }
    return compiled;
  }

  /** Reads, and drops from memory what is no longer so in the state that was read. */
  #read(keys: readonly RedirectKey[], stamp: Seen['stamp']): Read | Unread {
    const snapshot = this.#options.store.read(this.#seen?.revision ?? beyondAll, keys);
    this.#isFailing = false;
    if (snapshot === 'busy') return 'busy';
    const isSettled = stamp !== undefined && stamp === this.#options.stamp();
    const seen = snapshot === 'absent' ? undefined : toSeen(snapshot, stamp, isSettled);
    if (snapshot === 'absent' || seen === undefined) {
      this.#memory.clear();
      this.#seen = undefined;
      return 'absent';
    }
    if (snapshot.changed === undefined || !isContinuation(this.#seen, seen)) this.#memory.clear();
    else for (const key of snapshot.changed) this.#memory.delete(cacheKey(key));
    this.#seen = seen;
    return { seen, links: snapshot.links };
  }
}

/** The state that a snapshot shows; `undefined` while the database is still being made. */
function toSeen(
  snapshot: RedirectSnapshot,
  stamp: Seen['stamp'],
  isSettled: boolean,
): Seen | undefined {
  const domain = snapshot.domains.find(({ id }) => id === defaultDomainId);
  if (domain === undefined) return undefined;
  const { epoch, revision } = snapshot;
  return { stamp, isSettled, epoch, revision, slugCase: domain.slugCase };
}

function toKey(slug: Slug, slugCase: SlugCase): RedirectKey {
  return { domainId: defaultDomainId, slugKey: foldSlug(slug, slugCase) };
}

/** Whether the rows of `changes` after `seen` are all that separates it from `next`. */
function isContinuation(seen: Seen | undefined, next: Seen): boolean {
  return (
    seen !== undefined &&
    seen.epoch === next.epoch &&
    seen.revision <= next.revision &&
    seen.slugCase === next.slugCase &&
    hasAdvanced(seen.stamp, next.stamp)
  );
}

/** A stamp that went back, or says nothing, joins no two states. Txids are text of one length: the front of a position. */
function hasAdvanced(from: Seen['stamp'], to: Seen['stamp']): boolean {
  if (from === undefined || to === undefined) return false;
  if (typeof from === 'number' || typeof to === 'number') {
    return typeof from === typeof to && from <= to;
  }
  return from === to || from.slice(0, txidLength) < to.slice(0, txidLength);
}

const txidLength = 16;

import { type Domain, defaultDomainId, type SlugCase } from '../../src/domain/domain-name.ts';
import type { Link } from '../../src/domain/link.ts';
import type {
  RedirectKey,
  RedirectSnapshot,
  RedirectStore,
} from '../../src/domain/redirect-store.ts';
import { foldSlug, type SlugKey } from '../../src/domain/slug.ts';

/** One state of a database of links, as a value that can be kept and gone back to. */
interface State {
  readonly links: ReadonlyMap<SlugKey, Link>;
  readonly changes: readonly { readonly revision: number; readonly slugKey: SlugKey }[];
  readonly revision: number;
  /** The newest row of `epochs`: the same number can be begun by two nodes. */
  readonly epoch: { readonly number: number; readonly node: string };
  readonly slugCase: SlugCase;
  readonly txid: number;
  readonly checksum: number;
}

const noLinks: State = {
  links: new Map(),
  changes: [],
  revision: 0,
  epoch: { number: 1, node: 'a' },
  slugCase: 'insensitive',
  txid: 1,
  checksum: 1,
};

/**
 * A node's copy of the links in memory, with transactions, a change log of bounded length, epochs and a position,
 * for tests of what reads it. `read` does the least its contract asks for; `stamp` is a LiteFS position.
 */
export class MemoryRedirectStore implements RedirectStore {
  /** What the next reads come to, instead of a snapshot. */
  trouble: 'busy' | 'absent' | Error | undefined;
  /** What every read asked for, in order. */
  readonly reads: { readonly sinceRevision: number; readonly keys: readonly SlugKey[] }[] = [];
  /** Called in each read before it looks at the state: a place for a commit that comes in between. */
  beforeRead: () => void = () => {};
  readonly #keptChanges: number;
  readonly #tellsHistory: boolean;
  #state: State = noLinks;
  #checksums = 1;
  #lastHistory: string | undefined;

  /** `tellsHistory`: reads notice, as storage's do, that another node began an epoch of the same number. */
  constructor(given: { readonly keptChanges?: number; readonly tellsHistory?: boolean } = {}) {
    this.#keptChanges = given.keptChanges ?? 10_000;
    this.#tellsHistory = given.tellsHistory ?? false;
  }

  /** The state, to be gone back to. */
  get state(): State {
    return this.#state;
  }

  /** What a fresh look at the state finds, past all memories. */
  findLink(slug: string): Link | undefined {
    return this.#state.links.get(this.#fold(slug));
  }

  /** Creates or replaces links, in one transaction. */
  put(...links: readonly Link[]): void {
    const all = new Map(this.#state.links);
    const keys = links.map((link) => {
      const slugKey = this.#fold(link.slug);
      all.set(slugKey, { ...link, slugKey });
      return slugKey;
    });
    this.#commit({ links: all, ...this.#log(keys) });
  }

  delete(slug: string): void {
    const all = new Map(this.#state.links);
    const slugKey = this.#fold(slug);
    if (all.delete(slugKey)) this.#commit({ links: all, ...this.#log([slugKey]) });
  }

  /** A transaction that has nothing to do with links. */
  commitOther(): void {
    this.#commit({});
  }

  /** A new primary begins its epoch, and settles how its domain folds. */
  raiseEpoch(
    node: string,
    slugCase: SlugCase = this.#state.slugCase,
    number = this.#state.epoch.number + 1,
  ): void {
    const links = new Map<SlugKey, Link>();
    for (const link of this.#state.links.values()) {
      const slugKey = foldSlug(link.slug, slugCase);
      links.set(slugKey, { ...link, slugKey });
    }
    this.#commit({ links, slugCase, epoch: { number, node } });
  }

  /** The node's copy becomes another state at once, as by LiteFS's snapshot of a primary that knows no better. */
  become(state: State): void {
    this.#state = state;
  }

  readonly stamp = (): string | undefined => {
    if (this.trouble === 'absent') return undefined;
    const { txid, checksum } = this.#state;
    return `${txid.toString(16).padStart(16, '0')}/${checksum.toString(16).padStart(16, '0')}`;
  };

  read(sinceRevision: number, keys: readonly RedirectKey[]): RedirectSnapshot | 'busy' | 'absent' {
    this.reads.push({ sinceRevision, keys: keys.map(({ slugKey }) => slugKey) });
    this.beforeRead();
    if (this.trouble instanceof Error) throw this.trouble;
    if (this.trouble !== undefined) return this.trouble;
    const { revision, changes, epoch, links, slugCase } = this.#state;
    const oldest = changes[0]?.revision ?? 1;
    const reachesBack = oldest <= sinceRevision + 1;
    const domain: Domain = { id: defaultDomainId, host: 'go.example.com', slugCase };
    return {
      epoch: epoch.number,
      revision,
      changed:
        reachesBack && this.#isSameHistory(`${epoch.number}/${epoch.node}`)
          ? changes
              .filter((change) => change.revision > sinceRevision)
              .map(({ slugKey }) => ({ domainId: defaultDomainId, slugKey }))
          : undefined,
      links: keys.map(({ domainId, slugKey }) =>
        domainId === defaultDomainId ? links.get(slugKey) : undefined,
      ),
      domains: [domain],
    };
  }

  #isSameHistory(history: string): boolean {
    const isSame = this.#lastHistory === undefined || this.#lastHistory === history;
    this.#lastHistory = history;
    return isSame || !this.#tellsHistory;
  }

  #fold(slug: string): SlugKey {
    return foldSlug(slug as Link['slug'], this.#state.slugCase);
  }

  #log(keys: readonly SlugKey[]): Pick<State, 'changes' | 'revision'> {
    const revision = this.#state.revision + keys.length;
    const added = keys.map((slugKey, at) => ({
      revision: this.#state.revision + at + 1,
      slugKey,
    }));
    return { revision, changes: [...this.#state.changes, ...added].slice(-this.#keptChanges) };
  }

  #commit(changed: Partial<State>): void {
    this.#checksums += 1;
    this.#state = {
      ...this.#state,
      ...changed,
      txid: this.#state.txid + 1,
      checksum: this.#checksums,
    };
  }
}

import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import type { Slug } from '../../src/domain/slug.ts';
import { judgeHit } from '../../src/redirect/compiled-link.ts';
import type { Hit } from '../../src/redirect/hit.ts';
import { Resolver } from '../../src/redirect/resolver.ts';
import { makeLink } from '../support/make-link.ts';
import { MemoryRedirectStore } from '../support/memory-redirect-store.ts';

let store: MemoryRedirectStore;
let resolver: Resolver;
let errors: unknown[];

beforeEach(() => {
  store = new MemoryRedirectStore({ keptChanges: 4 });
  store.put(makeLink({ slug: 'sale', destination: 'https://sale.example/' }));
  store.put(makeLink({ slug: 'news', destination: 'https://news.example/' }));
  resolver = resolverOf(1_000_000);
});

describe('a link in memory', () => {
  it('is answered without a read while the stamp stands still', () => {
    expect(find('sale')).toBe('https://sale.example/');
    const reads = store.reads.length;
    expect(find('sale', 'SALE')).toEqual(['https://sale.example/', 'https://sale.example/']);
    expect(store.reads).toHaveLength(reads);
  });

  it('is kept through transactions on other links, one read without keys each', () => {
    find('sale');
    store.put(makeLink({ slug: 'other' }));
    store.commitOther();
    const reads = store.reads.length;
    expect(find('sale')).toBe('https://sale.example/');
    expect(store.reads.slice(reads)).toEqual([{ sinceRevision: 2, keys: [] }]);
  });

  it('is read again after it was edited', () => {
    find('sale');
    store.put(makeLink({ slug: 'sale', destination: 'https://new.example/' }));
    expect(find('sale')).toBe('https://new.example/');
  });

  it('is unknown after it was deleted', () => {
    find('sale');
    store.delete('sale');
    expect(find('sale')).toBe('unknown');
  });

  it('is read again when the log of changes does not reach back', () => {
    find('sale', 'news');
    store.put(makeLink({ slug: 'sale', destination: 'https://new.example/' }));
    for (let at = 0; at < 5; at += 1) store.put(makeLink({ slug: `more${at}` }));
    expect(find('sale')).toBe('https://new.example/');
  });

  it('is read again in a new epoch', () => {
    const { state } = store;
    store.put(makeLink({ slug: 'sale', destination: 'https://lost.example/' }));
    find('sale', 'news');
    // A failover lost that edit, and the new primary has made as many changes since.
    store.become(state);
    store.raiseEpoch('b');
    store.put(makeLink({ slug: 'other' }));
    expect(find('sale')).toBe('https://sale.example/');
  });

  it('is read again when an epoch of the same number was begun by another node', () => {
    store = new MemoryRedirectStore({ tellsHistory: true });
    store.put(makeLink({ slug: 'sale', destination: 'https://sale.example/' }));
    resolver = resolverOf(1_000_000);
    const { state } = store;
    store.raiseEpoch('b');
    store.put(makeLink({ slug: 'sale', destination: 'https://lost.example/' }));
    find('sale');
    store.become(state);
    store.raiseEpoch('c');
    for (const slug of ['other', 'another']) store.put(makeLink({ slug }));
    expect(find('sale')).toBe('https://sale.example/');
  });

  it('is read again when the revision went back', () => {
    const { state } = store;
    store.put(makeLink({ slug: 'sale', destination: 'https://lost.example/' }));
    find('sale');
    store.become({ ...state, txid: store.state.txid + 1, checksum: 99 });
    expect(find('sale')).toBe('https://sale.example/');
  });

  it.each([-1, 0])('is read again when the txid went on by %i', (by) => {
    find('sale');
    const { state } = store;
    store.put(makeLink({ slug: 'sale', destination: 'https://other.example/' }));
    // As if the log did not show it: the txid alone has to be enough.
    store.become({
      ...store.state,
      changes: state.changes,
      revision: state.revision,
      txid: state.txid + by,
    });
    expect(find('sale')).toBe('https://other.example/');
  });

  it('is read again when its domain folds slugs in another way', () => {
    expect(find('SALE', 'sale')).toEqual(['https://sale.example/', 'https://sale.example/']);
    const { state } = store;
    store.raiseEpoch('b', 'sensitive');
    store.put(makeLink({ slug: 'sale', destination: 'https://new.example/' }));
    // As if the log did not show it: the folding alone has to be enough.
    const { epoch, changes, revision } = state;
    store.become({ ...store.state, epoch, changes, revision });
    expect(find('SALE', 'sale')).toEqual(['unknown', 'https://new.example/']);
  });

  it('is not kept while nothing tells the state of the copy', () => {
    resolver = resolverOf(1_000_000, () => undefined);
    find('sale');
    find('sale');
    expect(store.reads.filter(({ keys }) => keys.length > 0)).toHaveLength(2);
  });

  it('is not kept without room for it', () => {
    resolver = resolverOf(0);
    find('sale');
    expect(find('sale')).toBe('https://sale.example/');
    expect(resolver.cacheBytes).toBe(0);
  });

  it('is read again when the stamp is a number that went back', () => {
    let version = 7;
    resolver = resolverOf(1_000_000, () => version);
    find('sale');
    const { state } = store;
    store.put(makeLink({ slug: 'sale', destination: 'https://other.example/' }));
    store.become({ ...store.state, changes: state.changes, revision: state.revision });
    version = 6;
    expect(find('sale')).toBe('https://other.example/');
  });
});

describe('a read', () => {
  it('asks for all slugs of a tick that are not in memory, each once', () => {
    find('sale');
    store.reads.length = 0;
    expect(find('sale', 'news', 'none', 'NEWS', 'none')).toEqual([
      'https://sale.example/',
      'https://news.example/',
      'unknown',
      'https://news.example/',
      'unknown',
    ]);
    expect(store.reads).toEqual([{ sinceRevision: 2, keys: ['news', 'none'] }]);
  });

  it('asks again for a slug that had no link', () => {
    expect(find('soon')).toBe('unknown');
    store.put(makeLink({ slug: 'soon', destination: 'https://soon.example/' }));
    expect(find('soon')).toBe('https://soon.example/');
  });

  it('that sees a commit later than the stamp drops what that commit changed', () => {
    find('sale');
    store.beforeRead = () => {
      store.beforeRead = () => {};
      store.put(makeLink({ slug: 'sale', destination: 'https://new.example/' }));
    };
    find('news');
    expect(find('sale')).toBe('https://new.example/');
  });

  it('finds in the next tick what its keys were folded too early for', () => {
    store.beforeRead = () => {
      if (store.reads.length === 2) store.raiseEpoch('b', 'sensitive');
    };
    expect(find('SALE')).toBe('busy');
    expect(find('SALE', 'sale')).toEqual(['unknown', 'https://sale.example/']);
  });
});

describe('a copy that cannot be read', () => {
  it('that is busy still answers from memory while the stamp stands still', () => {
    find('sale');
    store.trouble = 'busy';
    expect(find('sale', 'news')).toEqual(['https://sale.example/', 'busy']);
  });

  it('that is busy answers nothing once the stamp moved', () => {
    find('sale');
    store.put(makeLink({ slug: 'sale', destination: 'https://new.example/' }));
    store.trouble = 'busy';
    expect(find('sale')).toBe('busy');
    store.trouble = undefined;
    expect(find('sale')).toBe('https://new.example/');
  });

  it('that is gone leaves nothing in memory', () => {
    find('sale');
    store.trouble = 'absent';
    expect(find('sale')).toBe('absent');
    expect(resolver.cacheBytes).toBe(0);
    store.trouble = undefined;
    expect(find('sale')).toBe('https://sale.example/');
  });

  it('that has no domain yet is as good as absent', () => {
    const read = store.read.bind(store);
    store.read = (...args) => {
      const snapshot = read(...args);
      return typeof snapshot === 'string' ? snapshot : { ...snapshot, domains: [] };
    };
    expect(find('sale')).toBe('absent');
  });

  it('that fails is told to the log once until it works again', () => {
    find('sale');
    const broken = new Error('disk I/O error');
    store.trouble = broken;
    expect(find('sale', 'news')).toEqual(['https://sale.example/', 'unreadable']);
    expect(find('sale')).toBe('https://sale.example/');
    expect(find('news')).toBe('unreadable');
    expect(errors).toEqual([broken]);
    store.trouble = undefined;
    expect(find('news')).toBe('https://news.example/');
    store.trouble = broken;
    expect(find('none')).toBe('unreadable');
    expect(errors).toEqual([broken, broken]);
  });

  it('whose stamp fails is unreadable', () => {
    const broken = new Error('ENOTCONN');
    resolver = resolverOf(1_000_000, () => {
      throw broken;
    });
    expect(find('sale')).toBe('unreadable');
    expect(errors).toEqual([broken]);
  });
});

function resolverOf(cacheMaxBytes: number, stamp: () => string | number | undefined = store.stamp) {
  errors = [];
  return new Resolver({
    store,
    stamp,
    cacheMaxBytes,
    destinationPolicy: { ownHosts: [], allowPrivate: false },
    log: { error: (line: { err: unknown }) => errors.push(line.err) },
  });
}

/** What one tick finds: the destination of each slug, or why there is none. */
function find(slug: string): string;
function find(...slugs: string[]): string | string[];
function find(...slugs: string[]): string | string[] {
  const hits = slugs.map((slug) => ({ slug: slug as Slug, finding: 'unknown' }) as Hit);
  resolver.resolve(hits);
  const found = hits.map(({ finding }) => {
    if (typeof finding === 'string') return finding;
    const verdict = judgeHit(finding, '/', 0);
    return verdict instanceof Failure ? verdict.kind : verdict.location;
  });
  return found.length === 1 ? (found[0] as string) : found;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import type { Link } from '../../src/domain/link.ts';
import type { Slug } from '../../src/domain/slug.ts';
import { compileLink, judgeHit } from '../../src/redirect/compiled-link.ts';
import type { Hit } from '../../src/redirect/hit.ts';
import { Resolver } from '../../src/redirect/resolver.ts';
import { makeLink } from '../support/make-link.ts';
import { MemoryRedirectStore } from '../support/memory-redirect-store.ts';

const policy = { ownHosts: ['go.example.com'], allowPrivate: false };

/** What can happen to a node's copy of the links, and looks at it through the memory. */
type Step =
  | { readonly do: 'put'; readonly slugs: readonly string[]; readonly link: Partial<Link> }
  | { readonly do: 'delete'; readonly slug: string }
  | { readonly do: 'commitOther' }
  /** The role goes to another node, or to this one; with it a new epoch begins. */
  | { readonly do: 'newPrimary'; readonly slugCase: 'sensitive' | 'insensitive' }
  | { readonly do: 'note' }
  /** The copy becomes a state from before, or one that it had left: a lossy failover, a reset, a restart. */
  | { readonly do: 'goTo'; readonly state: number }
  | { readonly do: 'trouble'; readonly is: 'busy' | 'absent' | undefined }
  /** A tick; a commit may come between its look at the stamp and each of its reads. */
  | { readonly do: 'look'; readonly slugs: readonly string[]; readonly commitAt: number };

const slugs = fc.constantFrom('a', 'A', 'b', 'B', 'c', 'd', 'e');
const links: fc.Arbitrary<Partial<Link>> = fc.constantFrom(
  {},
  {},
  { redirectCode: 301 },
  { disabled: true },
  { blocked: true },
  { expiresAt: 5 },
  { notBefore: 5 },
  { forwardQuery: true },
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      slugs: fc.array(slugs, { minLength: 1, maxLength: 4 }),
      link: links,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), slug: slugs }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commitOther' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('newPrimary' as const),
      slugCase: fc.constantFrom('sensitive' as const, 'insensitive' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('note' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('goTo' as const), state: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      is: fc.constantFrom('busy' as const, 'absent' as const, undefined, undefined),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      slugs: fc.array(slugs, { minLength: 1, maxLength: 6 }),
      commitAt: fc.nat(9),
    }),
  },
);

describe('the memory of links', () => {
  it.each([
    ['a position', 'epochs have numbers of their own', {}],
    ['a position', 'two nodes can begin the same epoch', { tellsHistory: true }],
    ['a data version', 'epochs have numbers of their own', {}],
    ['nothing', 'epochs have numbers of their own', {}],
  ])(
    'answers what a fresh read would, with %s as stamp, where %s',
    (stampKind, _, storeKind) => {
      fc.assert(
        fc.property(
          fc.array(steps, { maxLength: 60 }),
          fc.constantFrom(0, 300, 700, 100_000),
          fc.constantFrom(2, 5, 1000),
          (history, cacheMaxBytes, keptChanges) => {
            const store = new MemoryRedirectStore({ keptChanges, ...storeKind });
            replay(history, store, {
              cacheMaxBytes,
              stampKind,
              numbersRepeat: 'tellsHistory' in storeKind,
            });
          },
        ),
        { numRuns: 1500 },
      );
    },
    60_000,
  );
});

function replay(
  history: readonly Step[],
  store: MemoryRedirectStore,
  given: {
    readonly cacheMaxBytes: number;
    readonly stampKind: string;
    readonly numbersRepeat: boolean;
  },
): void {
  const notes = [store.state];
  let made = 0;
  let nodes = 0;
  let dataVersion = 0;
  let version = store.state;
  /** Whether this branch goes on only with a new primary, since it was left once. */
  let isLeft = false;
  const stamp = () => {
    if (given.stampKind === 'a position') return store.stamp();
    if (given.stampKind === 'nothing') return undefined;
    if (version !== store.state) dataVersion += 1;
    version = store.state;
    return dataVersion;
  };
  const resolver = new Resolver({
    store,
    stamp,
    cacheMaxBytes: given.cacheMaxBytes,
    destinationPolicy: policy,
    log: {
      error: (line: { err: Error }) => {
        throw line.err;
      },
    },
  });

  for (const step of history) {
    switch (step.do) {
      case 'put':
      case 'delete':
      case 'commitOther':
        write(step);
        break;
      case 'newPrimary':
        beginEpoch(step.slugCase);
        break;
      case 'note':
        notes.push(store.state);
        break;
      case 'goTo':
        notes.push(store.state);
        store.become(notes[step.state % notes.length] ?? store.state);
        isLeft = true;
        break;
      case 'trouble':
        store.trouble = step.is;
        break;
      case 'look':
        look(step.slugs, step.commitAt);
        break;
      default:
        step satisfies never;
    }
  }

  function write(step: Step): void {
    if (isLeft) beginEpoch(store.state.slugCase);
    if (step.do === 'put') {
      const fresh = step.slugs.map((slug) => {
        made += 1;
        return makeLink({ slug, destination: `https://example.com/${made}`, ...step.link });
      });
      store.put(...fresh);
    } else if (step.do === 'delete') {
      store.delete(step.slug);
    } else {
      store.commitOther();
    }
  }

  function beginEpoch(slugCase: 'sensitive' | 'insensitive'): void {
    nodes += 1;
    isLeft = false;
    store.raiseEpoch(`node${nodes}`, slugCase, given.numbersRepeat ? undefined : 1 + nodes);
  }

  function look(wanted: readonly string[], commitAt: number): void {
    const hits = wanted.map((slug) => ({ slug: slug as Slug, finding: 'unknown' }) as Hit);
    const before = wanted.map(fresh);
    let reads = 0;
    store.beforeRead = () => {
      reads += 1;
      if (reads === commitAt) write({ do: 'put', slugs: wanted.slice(0, 2), link: {} });
    };
    resolver.resolve(hits);
    store.beforeRead = () => {};
    const after = wanted.map(fresh);
    expect(resolver.cacheBytes).toBeLessThanOrEqual(given.cacheMaxBytes);
    hits.forEach((hit, at) => {
      const found = toText(hit);
      // A copy that cannot be read may leave a hit waiting, but not answer it with anything else.
      if (found === store.trouble) return;
      if (found === 'busy' && store.state.slugCase === 'sensitive') return;
      expect([before[at], after[at]]).toContain(found);
    });
  }

  function fresh(slug: string): string {
    const link = store.findLink(slug);
    if (link === undefined) return 'unknown';
    return toText({ finding: compileLink(link, policy) } as Hit);
  }
}

function toText({ finding }: Hit): string {
  if (typeof finding === 'string') return finding;
  const verdict = judgeHit(finding, '/a?b=c', 10);
  return verdict instanceof Failure ? verdict.kind : `${verdict.code} ${verdict.location}`;
}

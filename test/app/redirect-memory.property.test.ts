import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { SlugCase } from '../../src/domain/domain-name.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { Link } from '../../src/domain/link.ts';
import type { RedirectStore } from '../../src/domain/redirect-store.ts';
import { foldSlug, type Slug } from '../../src/domain/slug.ts';
import { compileLink, judgeHit } from '../../src/redirect/compiled-link.ts';
import type { Hit } from '../../src/redirect/hit.ts';
import { Resolver } from '../../src/redirect/resolver.ts';
import { type LinkRow, toLink } from '../../src/storage/link-row.ts';
import { openReader } from '../../src/storage/reader.ts';
import { DatabaseCopy } from '../support/database-copy.ts';
import { DatabaseTemplate, TestFolder } from '../support/test-database.ts';
import { type LinkWrite, TwoCopies } from '../support/two-copies.ts';

const policy = { ownHosts: ['go.example.com'], allowPrivate: false };

/** What can happen to a node and its fleet, and looks at the node's copy through its memory of links. */
type Step =
  | { readonly do: 'write'; readonly writes: readonly LinkWrite[] }
  | { readonly do: 'commitOther' | 'note' | 'reopen' | 'blind' | 'see' }
  | { readonly do: 'trim'; readonly kept: number }
  | { readonly do: 'restart'; readonly slugCase: SlugCase }
  | { readonly do: 'replicate' | 'handOff' | 'failOver' }
  | { readonly do: 'goTo'; readonly note: number }
  /** A tick; a commit may come between its look at the position and each of its reads. */
  | { readonly do: 'look'; readonly slugs: readonly string[]; readonly commitAt: number };

const slugs = fc.constantFrom('a', 'A', 'b', 'c', 'd');
const settings: fc.Arbitrary<Partial<Link>> = fc.constantFrom(
  {},
  {},
  { redirectCode: 301 },
  { disabled: true },
  { blocked: true },
  { expiresAt: 5 },
  { notBefore: 50 },
  { forwardQuery: true },
);
const linkWrite = fc.record({
  slug: slugs,
  isDelete: fc.constantFrom(false, false, true),
  settings,
});

/** What happens to any node. */
const anywhere: readonly fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      writes: fc.array(linkWrite, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      slugs: fc.array(slugs, { minLength: 1, maxLength: 4 }),
      commitAt: fc.nat(9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('commitOther' as const, 'reopen', 'blind', 'see', 'see')
      .map((name) => ({ do: name })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), kept: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      slugCase: fc.constantFrom<SlugCase>('sensitive', 'insensitive'),
    }),
  },
];

/** What happens in a fleet besides. */
const inFleet: readonly fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('replicate' as const, 'replicate', 'failOver', 'handOff', 'note')
      .map((name) => ({ do: name })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('goTo' as const), note: fc.nat(9) }) },
];

/** How many histories a place gets. */
const places = [
  { place: 'a fleet', journal: 'delete', steps: [...anywhere, ...inFleet], numRuns: 1200 },
  { place: 'a node alone', journal: 'wal', steps: anywhere, numRuns: 300 },
] as const;

const templates = { wal: new DatabaseTemplate('wal'), delete: new DatabaseTemplate('delete') };
afterAll(() => {
  for (const template of Object.values(templates)) template[Symbol.dispose]();
});

describe('the memory of links over a real database', () => {
  it.each(places)(
    'answers what a fresh read would, in $numRuns histories of $place',
    ({ journal, steps, numRuns }) => {
      using folder = new TestFolder();
      let looks = 0;
      fc.assert(
        fc.property(
          fc.array(fc.oneof(...steps), { minLength: 10, maxLength: 50, size: 'max' }),
          fc.constantFrom(0, 700, 100_000),
          (history, cacheMaxBytes) => {
            using node = new TestNode(folder, { journal, cacheMaxBytes });
            for (const step of history) node.take(step);
            looks += node.looks;
          },
        ),
        { numRuns },
      );
      expect(looks).toBeGreaterThan(numRuns);
    },
    120_000,
  );
});

/** The redirect path of a node over its copy. */
class TestNode implements Disposable {
  looks = 0;
  readonly #copies: TwoCopies;
  readonly #reader: ReturnType<typeof openReader>;
  readonly #resolver: Resolver;
  readonly #cacheMaxBytes: number;
  #isBlind = false;
  #beforeRead = () => {};

  constructor(
    folder: TestFolder,
    { journal, cacheMaxBytes }: { journal: 'wal' | 'delete'; cacheMaxBytes: number },
  ) {
    let checksums = 0;
    const [here, there] = ['here', 'there'].map((name) => {
      const file = folder.file(`${name}.db`);
      templates[journal].copyTo(file);
      return new DatabaseCopy(file, () => ++checksums);
    }) as [DatabaseCopy, DatabaseCopy];
    this.#copies = new TwoCopies(here, there);
    this.#copies.restart('insensitive');
    const keepsPages = journal === 'wal';
    const reader = openReader({ file: here.file, timeoutMs: 250, keepsPages });
    const store: RedirectStore = {
      read: (...args) => {
        this.#beforeRead();
        return reader.redirects.read(...args);
      },
    };
    const stamp = journal === 'wal' ? () => reader.dataVersion() : here.stamp;
    this.#cacheMaxBytes = cacheMaxBytes;
    this.#reader = reader;
    this.#resolver = new Resolver({
      store,
      stamp: () => (this.#isBlind ? undefined : stamp()),
      cacheMaxBytes,
      destinationPolicy: policy,
      log: {
        error: (line: { err: Error }) => {
          throw line.err;
        },
      },
    });
  }

  take(step: Step): void {
    switch (step.do) {
      case 'write':
        this.#copies.write(step.writes);
        break;
      case 'trim':
        this.#copies.trimChanges(step.kept);
        break;
      case 'restart':
        this.#copies.restart(step.slugCase);
        break;
      case 'goTo':
        this.#copies.goTo(step.note);
        break;
      case 'commitOther':
      case 'note':
      case 'replicate':
      case 'handOff':
      case 'failOver':
        this.#copies[step.do]();
        break;
      case 'reopen':
        this.#reader.reopen();
        break;
      case 'blind':
      case 'see':
        this.#isBlind = step.do === 'blind';
        break;
      case 'look':
        this.#look(step.slugs, step.commitAt);
        break;
      default:
        step satisfies never;
    }
  }

  #look(slugs: readonly string[], commitAt: number): void {
    const hits = slugs.map((slug) => ({ slug: slug as Slug, finding: 'unknown' }) as Hit);
    const before = this.#freshRead(slugs);
    let reads = 0;
    this.#beforeRead = () => {
      reads += 1;
      const fresh = slugs.slice(0, 2).map((slug) => ({ slug, isDelete: false, settings: {} }));
      if (reads === commitAt) this.#copies.write(fresh);
    };
    this.#resolver.resolve(hits);
    this.#beforeRead = () => {};
    const after = this.#freshRead(slugs);
    expect(this.#resolver.cacheBytes).toBeLessThanOrEqual(this.#cacheMaxBytes);
    hits.forEach((hit, at) => {
      expect([before[at], after[at]]).toContain(toText(hit));
    });
    this.looks += 1;
  }

  /** What slugs come to by a handle that has seen nothing before. */
  #freshRead(slugs: readonly string[]): string[] {
    const database = new Database(this.#copies.here.file, { readonly: true });
    const slugCase = database.prepare('SELECT slug_case FROM domains WHERE id = 1').pluck().get();
    const find = database.prepare('SELECT * FROM links WHERE domain_id = 1 AND slug_key = ?');
    const found = slugs.map((slug) => {
      const row = find.get(foldSlug(slug as Slug, slugCase as SlugCase)) as LinkRow | undefined;
      return row === undefined ? 'unknown' : toText({ finding: compileLink(toLink(row), policy) });
    });
    database.close();
    return found;
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
    this.#copies[Symbol.dispose]();
  }
}

function toText({ finding }: Pick<Hit, 'finding'>): string {
  if (typeof finding === 'string') return finding;
  const verdict = judgeHit(finding, '/a?b=c', 10);
  return verdict instanceof Failure ? verdict.kind : `${verdict.code} ${verdict.location}`;
}

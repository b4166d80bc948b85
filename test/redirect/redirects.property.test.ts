import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CatchUp } from '../../src/domain/cluster.ts';
import { makeLink } from '../support/make-link.ts';
import { MemoryRedirectStore } from '../support/memory-redirect-store.ts';
import { type RedirectServer, startRedirectServer } from '../support/start-redirect-server.ts';

/** What can happen to a node and the primary it follows, and hits on the node. */
type Step =
  | { readonly do: 'put' | 'delete'; readonly slug: string }
  | { readonly do: 'replicate' }
  | { readonly do: 'become'; readonly role: Role }
  | { readonly do: 'note' }
  /** The primary is lost, and one that knows only an earlier state takes over. */
  | { readonly do: 'failOver'; readonly state: number }
  | { readonly do: 'hit'; readonly slugs: readonly string[] };

type Role = 'primary' | 'replica' | 'detached';

const slugs = fc.constantFrom('a', 'b', 'c', 'd');
const writes = fc.record({ do: fc.constantFrom('put' as const, 'delete' as const), slug: slugs });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: writes },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replicate' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('become' as const),
      role: fc.constantFrom<Role>('primary', 'replica', 'detached'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('note' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failOver' as const), state: fc.nat(5) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('hit' as const),
      slugs: fc.array(slugs, { minLength: 1, maxLength: 5 }),
    }),
  },
);

describe('a node', () => {
  it('answers from its copy what it knows, 404 only for what the primary does not know, and records just that', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(0, 500, 100_000),
        async (history, cacheMaxBytes) => {
          const primary = new MemoryRedirectStore({ keptChanges: 3 });
          const store = new MemoryRedirectStore({ keptChanges: 3 });
          const fleet = new Fleet(primary, store);
          await using server = await startRedirectServer({
            store,
            cacheMaxBytes,
            catchUp: fleet,
          });
          for (const step of history) await fleet.take(step, server);
          expect(server.redirects.waiting).toBe(0);
          expect(server.errors).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  }, 60_000);
});

/** A node and its primary; alone when the node is the primary itself. */
class Fleet implements CatchUp {
  readonly #primary: MemoryRedirectStore;
  readonly #copy: MemoryRedirectStore;
  readonly #notes: MemoryRedirectStore['state'][] = [];
  #role: Role = 'replica';
  #made = 0;

  constructor(primary: MemoryRedirectStore, copy: MemoryRedirectStore) {
    this.#primary = primary;
    this.#copy = copy;
    this.#notes.push(primary.state);
  }

  async catchUp(): Promise<boolean> {
    if (this.#role === 'detached') return false;
    const { state } = this.#primary;
    await nextTick();
    this.#copy.become(state);
    return true;
  }

  async take(step: Step, server: RedirectServer): Promise<void> {
    switch (step.do) {
      case 'put':
        this.#made += 1;
        this.#primary.put(
          makeLink({
            id: this.#made,
            slug: step.slug,
            destination: `https://example.com/${this.#made}`,
          }),
        );
        break;
      case 'delete':
        this.#primary.delete(step.slug);
        break;
      case 'replicate':
        if (this.#role !== 'detached') this.#copy.become(this.#primary.state);
        break;
      case 'become':
        this.#role = step.role;
        if (step.role === 'primary') this.#takeOver(this.#copy.state);
        break;
      case 'note':
        this.#notes.push(this.#primary.state);
        break;
      case 'failOver':
        this.#takeOver(this.#notes[step.state % this.#notes.length] ?? this.#primary.state);
        break;
      case 'hit':
        await this.#hit(step.slugs, server);
        break;
      default:
        step satisfies never;
    }
    if (this.#role === 'primary') this.#copy.become(this.#primary.state);
  }

  /** Each primary counts on from an epoch that no other has begun. */
  #takeOver(state: MemoryRedirectStore['state']): void {
    this.#made += 1;
    this.#primary.become(state);
    this.#primary.raiseEpoch(`node${this.#made}`, undefined, 1 + this.#made);
  }

  async #hit(wanted: readonly string[], server: RedirectServer): Promise<void> {
    const { recorder } = server;
    const before = wanted.map((slug) => this.#copy.findLink(slug)?.destination);
    recorder.ticks.length = 0;
    const answers = await Promise.all(wanted.map((slug) => server.fetch(`/${slug}`)));
    const locations = answers.flatMap(({ headers }) => headers.get('location') ?? []);
    const clicked = recorder.linkIds.map((id) => `https://example.com/${id}`);
    expect(clicked.sort()).toEqual(locations.sort());
    const unknown = wanted.filter((_, at) => answers[at]?.status === 404);
    expect(recorder.orphans.toSorted()).toEqual(unknown.sort());
    answers.forEach((answer, at) => {
      const slug = wanted[at] as string;
      const onPrimary = this.#primary.findLink(slug)?.destination ?? 404;
      const known = before[at];
      const found = answer.headers.get('location') ?? answer.status;
      if (known === undefined) expect(found).toBe(this.#role === 'detached' ? 503 : onPrimary);
      // Another hit of the same moment may have made the node catch up.
      else expect([known, this.#copy.findLink(slug)?.destination ?? onPrimary]).toContain(found);
    });
  }
}

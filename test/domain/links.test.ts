import { beforeEach, describe, expect, test } from 'vitest';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { FailureKind, FieldError } from '../../src/domain/failure.ts';
import { idempotencyKeptMs } from '../../src/domain/idempotency.ts';
import type { Link, LinkChanges, NewLink } from '../../src/domain/link.ts';
import type { LinkWriteStore } from '../../src/domain/link-store.ts';
import { createLinks, linkVersionTag } from '../../src/domain/links.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { createMemoryStores, type MemoryStores } from '../support/memory-link-store.ts';
import { seededRandom } from '../support/seeded-random.ts';

let stores: MemoryStores;
let clock: FakeClock;
let writes: string[];
let links: ReturnType<typeof createLinks>;

beforeEach(() => {
  stores = createMemoryStores([
    { id: defaultDomainId, host: 'go.example.com', slugCase: 'insensitive' },
    { id: 2, host: 'exact.example.com', slugCase: 'sensitive' },
  ]);
  clock = fakeClock();
  writes = [];
  links = createLinks({
    store: noting(stores.links),
    idempotency: stores.idempotency,
    clock,
    random: seededRandom('links'),
    destinationPolicy: { ownHosts: ['go.example.com'], allowPrivate: false },
    minSlugLength: 6,
  });
});

/** The store, with each write that would add a row to `changes` noted in `writes`. */
function noting(store: LinkWriteStore): LinkWriteStore {
  return {
    ...store,
    insertLink(link) {
      const inserted = store.insertLink(link);
      writes.push(`${inserted ? 'insert' : 'taken'} ${link.slug}`);
      return inserted;
    },
    updateLink(link) {
      writes.push(`update ${link.slug}`);
      store.updateLink(link);
    },
    deleteLink(link) {
      writes.push(`delete ${link.slug}`);
      store.deleteLink(link);
    },
  };
}

const failure = (kind: FailureKind, ...errors: readonly Partial<FieldError>[]) =>
  expect.objectContaining({
    name: 'Failure',
    kind,
    ...(errors.length > 0 && {
      details: { errors: errors.map((error) => expect.objectContaining(error)) },
    }),
  });

const create = (link: Partial<NewLink> = {}, domainId = defaultDomainId): Link =>
  links.createLink({ domainId, link: { destination: 'https://example.com/', ...link } }).link;
const update = (slug: string, changes: LinkChanges, ifMatch?: readonly string[]): Link =>
  links.updateLink({ domainId: defaultDomainId, slugKey: slug as SlugKey, changes, ifMatch });
const remove = (slug: string, ifMatch?: readonly string[]): Link =>
  links.deleteLink({ domainId: defaultDomainId, slugKey: slug as SlugKey, ifMatch });
const find = (slug: string) => stores.links.findLink(defaultDomainId, slug as SlugKey);

describe('creating a link', () => {
  test('fills in what is left out, and stores what it answers', () => {
    const link = create({ destination: 'HTTPS://example.com' });
    expect(link).toEqual({
      id: expect.any(Number),
      domainId: defaultDomainId,
      slug: expect.stringMatching(/^[2-9a-hjkmnp-z]{6}$/),
      slugKey: link.slug,
      destination: 'https://example.com/',
      title: null,
      redirectCode: 302,
      forwardQuery: false,
      notBefore: null,
      expiresAt: null,
      disabled: false,
      blocked: false,
      version: 1,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    });
    expect(stores.links.findLinkById(link.id)).toEqual(link);
    expect(writes).toEqual([`insert ${link.slug}`]);
  });

  test('keeps what is given', () => {
    const given = {
      slug: 'Summer-Sale',
      title: 'Sale',
      redirectCode: 308,
      forwardQuery: true,
      notBefore: 1_000,
      expiresAt: 2_000,
      disabled: true,
    } as const;
    expect(create(given)).toMatchObject({ ...given, slugKey: 'summer-sale' });
  });

  test('takes null for what has no value', () => {
    expect(create({ title: null, notBefore: null, expiresAt: null })).toMatchObject({
      title: null,
      notBefore: null,
      expiresAt: null,
    });
  });

  test('refuses a taken slug, in any case where the domain compares without', () => {
    create({ slug: 'Sale' });
    expect(() => create({ slug: 'sale' })).toThrow(failure('conflict', { pointer: '/slug' }));
    expect(() => create({ slug: 'SALE' })).toThrow(failure('conflict', { pointer: '/slug' }));
    create({ slug: 'sale' }, 2);
    create({ slug: 'Sale' }, 2);
    expect(() => create({ slug: 'Sale' }, 2)).toThrow(failure('conflict'));
  });

  test('frees a slug when its link is deleted, and gives the next link another id', () => {
    const first = create({ slug: 'sale' });
    remove('sale');
    const second = create({ slug: 'sale' });
    expect(second.id).toBeGreaterThan(first.id);
    expect(linkVersionTag(second)).not.toBe(linkVersionTag(first));
  });

  test('never gives an id twice while the clock stands still or goes backwards', () => {
    const ids = new Set<number>();
    for (let round = 0; round < 500; round += 1) {
      ids.add(create({ slug: 'sale' }).id);
      remove('sale');
      if (round === 250) clock.setNow(clock.now() - 60_000);
    }
    expect(ids.size).toBe(500);
  });

  test('fails for an unknown domain', () => {
    expect(() => create({}, 99)).toThrow(failure('not_found'));
  });

  test('names every broken rule at once and writes nothing', () => {
    expect(() =>
      create({
        destination: 'javascript:alert(1)',
        slug: 'a b',
        title: 'x'.repeat(201),
        notBefore: Number.NaN,
        expiresAt: -1,
      }),
    ).toThrow(
      failure(
        'invalid',
        { pointer: '/destination', detail: 'Only http and https destinations are allowed.' },
        { pointer: '/slug' },
        { pointer: '/title' },
        { pointer: '/notBefore' },
        { pointer: '/expiresAt' },
      ),
    );
    expect(writes).toEqual([]);
  });

  test.each([
    ['  Sale  ', 'Sale'],
    ['\n\tSale\r\n', 'Sale'],
    ['   ', null],
    ['', null],
    ['x'.repeat(200), 'x'.repeat(200)],
    [` ${'x'.repeat(200)} `, 'x'.repeat(200)],
    ['<b>"&\'', '<b>"&\''],
    ['Größe 🦊 中', 'Größe 🦊 中'],
  ])('keeps the title %j as %j', (given, title) => {
    expect(create({ title: given }).title).toBe(title);
  });

  test.each([
    'x'.repeat(201),
    'a\nb',
    'a\0b',
    'a\u001bb',
    'a\u007fb',
    'a\u0085b',
    'a\u2028b',
    'a\ud800b',
  ])('refuses the title %j', (title) => {
    expect(() => create({ title })).toThrow(failure('invalid', { pointer: '/title' }));
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000, 2 ** 53])(
    'refuses the time %d',
    (time) => {
      expect(() => create({ notBefore: time })).toThrow(
        failure('invalid', { pointer: '/notBefore' }),
      );
      expect(() => create({ expiresAt: time })).toThrow(
        failure('invalid', { pointer: '/expiresAt' }),
      );
    },
  );

  test('refuses a link that expires before it begins, or at that moment', () => {
    for (const expiresAt of [1_999, 2_000]) {
      expect(() => create({ notBefore: 2_000, expiresAt })).toThrow(
        failure('invalid', { pointer: '/expiresAt' }),
      );
    }
    expect(create({ notBefore: 2_000, expiresAt: 2_001 }).expiresAt).toBe(2_001);
  });

  test('takes a time in the past: an import may bring links that are over', () => {
    expect(create({ expiresAt: 1 }).expiresAt).toBe(1);
  });
});

describe('a generated slug', () => {
  const withStore = (store: Partial<LinkWriteStore>) =>
    createLinks({
      store: { ...stores.links, ...store },
      idempotency: stores.idempotency,
      clock,
      random: seededRandom('generated'),
      destinationPolicy: { ownHosts: [], allowPrivate: false },
      minSlugLength: 6,
    });
  const input = { domainId: defaultDomainId, link: { destination: 'https://example.com/' } };

  test('that is taken is drawn again, longer after three draws', () => {
    const drawn: string[] = [];
    const { link } = withStore({
      insertLink(candidate) {
        drawn.push(candidate.slug);
        return drawn.length > 7 && stores.links.insertLink(candidate);
      },
    }).createLink(input);
    expect(drawn.map((slug) => slug.length)).toEqual([6, 6, 6, 7, 7, 7, 8, 8]);
    expect(new Set(drawn).size).toBe(8);
    expect(link.slug).toBe(drawn.at(-1));
  });

  test('grows with the number of links', () => {
    const { link } = withStore({ countLinks: () => 1_000_000 }).createLink(input);
    expect(link.slug).toHaveLength(7);
  });

  test('ends in an error when the store takes none', () => {
    const refusing = withStore({ insertLink: () => false });
    expect(() => refusing.createLink(input)).toThrow('every generated slug is taken');
  });
});

describe('an idempotency key', () => {
  const input = (given: {
    readonly key?: string;
    readonly scope?: string;
    readonly hash?: string;
    readonly slug?: string;
  }) => ({
    domainId: defaultDomainId,
    link: { destination: 'https://example.com/', slug: given.slug },
    idempotency: {
      scope: given.scope ?? 'open',
      key: given.key ?? 'k',
      requestHash: given.hash ?? 'a',
    },
  });

  test('gives the same link again, however often', () => {
    const first = links.createLink(input({}));
    expect(first.repeated).toBe(false);
    clock.advance(idempotencyKeptMs - 1);
    for (let repeat = 0; repeat < 3; repeat += 1) {
      expect(links.createLink(input({}))).toEqual({ link: first.link, repeated: true });
    }
    expect(writes).toHaveLength(1);
  });

  test('gives the link as it is now', () => {
    const { link } = links.createLink(input({ slug: 'sale' }));
    update('sale', { title: 'new' });
    expect(links.createLink(input({ slug: 'sale' }))).toEqual({
      link: { ...link, title: 'new', version: 2 },
      repeated: true,
    });
  });

  test('with another request is a mismatch, and the first request still repeats', () => {
    const { link } = links.createLink(input({}));
    expect(() => links.createLink(input({ hash: 'b' }))).toThrow(
      failure('idempotency_mismatch', { pointer: 'Idempotency-Key' }),
    );
    expect(links.createLink(input({})).link).toEqual(link);
  });

  test('of another caller is another key', () => {
    const { link } = links.createLink(input({ scope: '1' }));
    expect(links.createLink(input({ scope: '2', hash: 'b' })).link.id).not.toBe(link.id);
  });

  test('whose link was deleted makes no second one', () => {
    links.createLink(input({ slug: 'sale' }));
    remove('sale');
    expect(() => links.createLink(input({ slug: 'sale' }))).toThrow(
      failure('conflict', { pointer: 'Idempotency-Key' }),
    );
    expect(find('sale')).toBeUndefined();
    expect(links.createLink(input({ key: 'other', slug: 'sale' })).repeated).toBe(false);
  });

  test('means nothing after 24 hours', () => {
    const { link } = links.createLink(input({}));
    clock.advance(idempotencyKeptMs);
    const again = links.createLink(input({ hash: 'b' }));
    expect(again.repeated).toBe(false);
    expect(again.link.id).not.toBe(link.id);
    expect(links.createLink(input({ hash: 'b' })).repeated).toBe(true);
  });

  test('still counts when the clock goes backwards', () => {
    links.createLink(input({}));
    clock.setNow(clock.now() - 60_000);
    expect(links.createLink(input({})).repeated).toBe(true);
  });

  test('of a request that failed is free for the corrected one', () => {
    create({ slug: 'sale' });
    expect(() => links.createLink(input({ slug: 'sale' }))).toThrow(failure('conflict'));
    expect(links.createLink(input({ hash: 'b', slug: 'free' })).repeated).toBe(false);
  });

  test('takes old keys away a few at a time, and no young ones', () => {
    for (let index = 0; index < 30; index += 1) links.createLink(input({ key: `old ${index}` }));
    clock.advance(idempotencyKeptMs / 2);
    links.createLink(input({ key: 'young' }));
    expect(stores.records()).toHaveLength(31);
    clock.advance(idempotencyKeptMs / 2 + 1);
    const sizes = [1, 2, 3, 4, 5].map((index) => {
      links.createLink(input({ key: `new ${index}` }));
      return stores.records().length;
    });
    expect(sizes).toEqual([24, 17, 10, 5, 6]);
    expect(stores.records()[0]?.key).toBe('young');
  });
});

describe('updating a link', () => {
  test('changes what is given, raises the version and leaves the rest', () => {
    const before = create({ slug: 'Sale', title: 'old', expiresAt: 5_000 });
    clock.advance(1_000);
    const after = update('sale', {
      destination: 'https://example.org',
      title: ' new ',
      redirectCode: 301,
      forwardQuery: true,
      notBefore: 1,
      disabled: true,
      blocked: true,
    });
    expect(after).toEqual({
      ...before,
      destination: 'https://example.org/',
      title: 'new',
      redirectCode: 301,
      forwardQuery: true,
      notBefore: 1,
      disabled: true,
      blocked: true,
      version: 2,
      updatedAt: before.createdAt + 1_000,
    });
    expect(find('sale')).toEqual(after);
    expect(update('sale', { disabled: false, blocked: false, forwardQuery: false })).toMatchObject({
      disabled: false,
      blocked: false,
      forwardQuery: false,
      version: 3,
    });
  });

  test('clears what is null', () => {
    create({ slug: 'sale', title: 'old', notBefore: 1, expiresAt: 2 });
    expect(update('sale', { title: null, notBefore: null, expiresAt: null })).toMatchObject({
      title: null,
      notBefore: null,
      expiresAt: null,
    });
  });

  test.each<[string, LinkChanges]>([
    ['nothing', {}],
    ['only undefined', { title: undefined, disabled: undefined }],
    ['the same in another spelling', { destination: 'HTTPS://example.com', title: ' Title ' }],
    ['the same values', { redirectCode: 302, forwardQuery: false, notBefore: null }],
  ])('with %s writes nothing and keeps the version', (_, changes) => {
    const before = create({ slug: 'sale', title: 'Title' });
    clock.advance(1_000);
    writes.length = 0;
    expect(update('sale', changes)).toEqual(before);
    expect(writes).toEqual([]);
  });

  test('names every broken rule at once and changes nothing', () => {
    const before = create({ slug: 'sale' });
    expect(() =>
      update('sale', { destination: 'http://10.0.0.1/', title: 'a\nb', expiresAt: -1 }),
    ).toThrow(
      failure(
        'invalid',
        { pointer: '/destination' },
        { pointer: '/title' },
        { pointer: '/expiresAt' },
      ),
    );
    expect(find('sale')).toEqual(before);
  });

  test('judges the times together with those that stay', () => {
    create({ slug: 'sale', notBefore: 1_000, expiresAt: 2_000 });
    expect(() => update('sale', { notBefore: 2_000 })).toThrow(
      failure('invalid', { pointer: '/notBefore' }),
    );
    expect(() => update('sale', { expiresAt: 1_000 })).toThrow(
      failure('invalid', { pointer: '/expiresAt' }),
    );
    expect(update('sale', { notBefore: 2_000, expiresAt: 3_000 })).toMatchObject({ version: 2 });
  });

  test('leaves a destination alone that the policy would refuse by now', () => {
    const old = create({ slug: 'old' });
    const stricter = createLinks({
      store: stores.links,
      idempotency: stores.idempotency,
      clock,
      random: seededRandom('stricter'),
      destinationPolicy: { ownHosts: ['example.com'], allowPrivate: false },
      minSlugLength: 6,
    });
    const ref = { domainId: defaultDomainId, slugKey: old.slugKey };
    expect(stricter.updateLink({ ...ref, changes: { disabled: true } })).toMatchObject({
      destination: 'https://example.com/',
      disabled: true,
    });
    const changes = { destination: old.destination };
    expect(() => stricter.updateLink({ ...ref, changes })).toThrow(failure('invalid'));
  });

  test('never goes back in time', () => {
    const before = create({ slug: 'sale' });
    clock.setNow(before.createdAt - 5_000);
    expect(update('sale', { title: 'new' }).updatedAt).toBe(before.createdAt);
  });

  test('fails where there is no link, whatever the tags say', () => {
    expect(() => update('sale', { title: 'new' })).toThrow(failure('not_found'));
    expect(() => update('sale', { title: 'new' }, ['a.1.b'])).toThrow(failure('not_found'));
    create({ slug: 'sale' });
    remove('sale');
    expect(() => update('sale', { title: 'new' })).toThrow(failure('not_found'));
  });

  test('with a tag succeeds once, and the second to come learns that it is late', () => {
    const tag = linkVersionTag(create({ slug: 'sale' }));
    const first = update('sale', { title: 'first' }, [tag]);
    expect(() => update('sale', { title: 'second' }, [tag])).toThrow(
      failure('precondition_failed'),
    );
    expect(update('sale', { title: 'second' }, ['other', linkVersionTag(first)]).title).toBe(
      'second',
    );
    expect(() => update('sale', { title: 'third' }, [])).toThrow(failure('precondition_failed'));
  });

  test('with the tag of a link that had the slug before fails', () => {
    const tag = linkVersionTag(create({ slug: 'sale' }));
    remove('sale');
    create({ slug: 'sale' });
    expect(() => update('sale', { title: 'new' }, [tag])).toThrow(failure('precondition_failed'));
  });
});

describe('deleting a link', () => {
  test('gives back what was deleted, once', () => {
    const link = create({ slug: 'sale' });
    expect(remove('sale')).toEqual(link);
    expect(find('sale')).toBeUndefined();
    expect(() => remove('sale')).toThrow(failure('not_found'));
  });

  test('with a tag of an older version fails and keeps the link', () => {
    const tag = linkVersionTag(create({ slug: 'sale' }));
    const link = update('sale', { title: 'new' });
    expect(() => remove('sale', [tag])).toThrow(failure('precondition_failed'));
    expect(find('sale')).toEqual(link);
    expect(remove('sale', [linkVersionTag(link)])).toEqual(link);
  });

  test('that was taken down is refused to whoever may not lift that', () => {
    create({ slug: 'sale' });
    const ref = { domainId: defaultDomainId, slugKey: 'sale' as SlugKey };
    const link = update('sale', { blocked: true });
    expect(() => links.deleteLink({ ...ref, keepsBlocked: true })).toThrow(failure('forbidden'));
    expect(links.deleteLink({ ...ref, keepsBlocked: false })).toEqual(link);
  });
});

test('the version tag of a link differs for every state and fits into a header', () => {
  const link = create({ slug: 'sale' });
  clock.advance(1);
  const tags = [link, update('sale', { title: 'a' }), update('sale', { title: null })].map(
    linkVersionTag,
  );
  expect(new Set(tags).size).toBe(3);
  for (const tag of tags) expect(tag).toMatch(/^[0-9a-z]+\.\d+\.[0-9a-z]+$/);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { FailedImport } from '../../src/domain/import-links.ts';
import { createLinks } from '../../src/domain/links.ts';
import { unpackPieces } from '../../src/domain/pieces.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import type { ImportLinksInput } from '../../src/domain/writer.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { createMemoryStores, type MemoryStores } from '../support/memory-link-store.ts';
import { seededRandom } from '../support/seeded-random.ts';

let stores: MemoryStores;
let clock: FakeClock;
let links: ReturnType<typeof createLinks>;
beforeEach(() => {
  stores = createMemoryStores();
  clock = fakeClock();
  links = createLinks({
    store: stores.links,
    idempotency: stores.idempotency,
    clock,
    random: seededRandom('import'),
    destinationPolicy: { ownHosts: ['go.example.com'], allowPrivate: false },
    minSlugLength: 6,
  });
});

const a = 'https://example.com/a';
const b = 'https://example.com/b';

function run(rows: readonly unknown[] | string | Buffer, options: Partial<ImportLinksInput> = {}) {
  const text = Array.isArray(rows) ? rows.map((row) => JSON.stringify(row)).join('\n') : rows;
  const { failures, ...counts } = links.importLinks({
    domainId: defaultDomainId,
    lines: new Uint8Array(Buffer.from(text as string)),
    onConflict: 'fail',
    isAtomic: false,
    isDryRun: false,
    mayTakeDown: true,
    ...options,
  });
  const failed = unpackPieces<FailedImport>(failures);
  expect(failed).toHaveLength(counts.failed);
  return { ...counts, failures: failed };
}

const find = (slug: string) =>
  stores.links.findLink(defaultDomainId, slug.toLowerCase() as SlugKey);
const pointers = ({ failures }: ReturnType<typeof run>) =>
  failures.map(({ index, failure }) => [index, failure.kind, failure.errors[0]?.pointer]);

describe('an import', () => {
  test('makes links with their times and takedowns', () => {
    const row = {
      slug: 'Sale',
      destination: a,
      blocked: true,
      createdAt: '2020-01-01T00:00:00Z',
      updatedAt: '2021-01-01T00:00:00Z',
    };
    expect(run([row, { slug: 'new', destination: a }])).toMatchObject({ created: 2, failed: 0 });
    expect(find('sale')).toMatchObject({
      slug: 'Sale',
      destination: a,
      blocked: true,
      version: 1,
      createdAt: Date.UTC(2020, 0, 1),
      updatedAt: Date.UTC(2021, 0, 1),
    });
    expect(find('new')).toMatchObject({ createdAt: clock.now(), updatedAt: clock.now() });
  });

  test('tells of each row that cannot be, and makes the rest', () => {
    const result = run([
      { slug: 'one', destination: a },
      { slug: 'two', destination: 'ftp://example.com' },
      { slug: 'a b', destination: a, title: 'x'.repeat(201) },
      { slug: 'late', destination: a, createdAt: '2999-01-01T00:00:00Z' },
      { slug: 'One', destination: b },
      { slug: 'last', destination: a },
    ]);
    expect(result).toMatchObject({ created: 2, failed: 4, fates: 'cffffc' });
    expect(pointers(result)).toEqual([
      [1, 'invalid', '/destination'],
      [2, 'invalid', '/slug'],
      [3, 'invalid', '/createdAt'],
      [4, 'conflict', '/slug'],
    ]);
  });

  test('tells of lines that are no JSON or no UTF-8 by their place, blank ones not counted', () => {
    const row = (slug: string) => JSON.stringify({ slug, destination: a });
    const broken = Buffer.concat([
      Buffer.from(`\n${row('x1')}\r\n \n{"slug":\n`),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from(`${row('x2')}\n\n`),
    ]);
    const result = run(broken);
    expect(result).toMatchObject({ created: 2, failed: 2 });
    expect(pointers(result)).toEqual([
      [1, 'malformed', ''],
      [2, 'malformed', ''],
    ]);
    expect(result.failures.map(({ failure }) => failure.detail)).toEqual([
      'The line is not JSON.',
      'The line is not UTF-8.',
    ]);
  });

  test.each(['fail', 'skip', 'replace'] as const)(
    'can be repeated without harm, by what it says of conflicts: %s',
    (onConflict) => {
      const rows = [
        { slug: 'one', destination: a, title: 'x', createdAt: '2020-01-01T00:00:00Z' },
        { slug: 'ONE', destination: a, title: 'x', createdAt: '2020-01-01T00:00:00Z' },
      ];
      expect(run(rows, { onConflict })).toMatchObject({ created: 1, unchanged: 1, fates: 'cu' });
      const before = find('one');
      expect(run(rows, { onConflict })).toMatchObject({ created: 0, unchanged: 2, failed: 0 });
      expect(find('one')).toEqual(before);
    },
  );

  test.each([
    ['fail', { failed: 1 }, a, 'mine'],
    ['skip', { skipped: 1 }, a, 'mine'],
    ['replace', { replaced: 1 }, b, 'theirs'],
  ] as const)('meets a slug that leads elsewhere: %s', (onConflict, counts, destination, title) => {
    run([{ slug: 'one', destination: a, title: 'mine', redirectCode: 308 }]);
    const row = { slug: 'one', destination: b, title: 'theirs' };
    expect(run([row], { onConflict })).toMatchObject({ created: 0, ...counts });
    expect(find('one')).toMatchObject({ destination, title, redirectCode: 308 });
    expect(find('one')?.version).toBe(onConflict === 'replace' ? 2 : 1);
  });

  test('replaces what the row says and nothing else, within one request too', () => {
    const rows = [
      { slug: 'one', destination: a, title: 'x', disabled: true },
      { slug: 'one', destination: b },
      { slug: 'one', destination: b, title: null },
    ];
    expect(run(rows, { onConflict: 'replace' })).toMatchObject({ created: 1, replaced: 2 });
    expect(find('one')).toMatchObject({ destination: b, title: null, disabled: true, version: 3 });
  });

  test('takes nothing down, and lifts nothing, for who may not', () => {
    run([{ slug: 'down', destination: a, blocked: true }]);
    const options = { mayTakeDown: false, onConflict: 'replace' } as const;
    const result = run(
      [
        { slug: 'new', destination: a, blocked: true },
        { destination: a, blocked: true },
        { slug: 'down', destination: b, blocked: false },
        { slug: 'fine', destination: a, blocked: false },
      ],
      options,
    );
    expect(result).toMatchObject({ created: 1, failed: 3 });
    expect(pointers(result)).toEqual([0, 1, 2].map((index) => [index, 'forbidden', '/blocked']));
    expect(find('down')).toMatchObject({ destination: a, blocked: true });
    expect(find('new')).toBeUndefined();
  });

  test('as a dry run says the same and changes nothing', () => {
    run([{ slug: 'there', destination: a }]);
    const rows = [
      { slug: 'there', destination: b },
      { slug: 'there', destination: a },
      { slug: 'new', destination: a },
      { slug: 'NEW', destination: a },
      { slug: 'new', destination: b },
      { slug: 'new', destination: b },
      { destination: a },
      { slug: 'bad', destination: 'x' },
    ];
    for (const onConflict of ['fail', 'skip', 'replace'] as const) {
      const idempotency = { scope: 'open', key: onConflict, requestHash: 'x' };
      const dry = run(rows, { onConflict, isDryRun: true, idempotency });
      expect(stores.links.countLinks(defaultDomainId)).toBe(1);
      expect(stores.records()).toEqual([]);
      expect(find('there')).toMatchObject({ destination: a, version: 1 });
      const fresh = createMemoryStores();
      const real = createLinks({
        store: fresh.links,
        idempotency: fresh.idempotency,
        clock,
        random: seededRandom('import'),
        destinationPolicy: { ownHosts: [], allowPrivate: false },
        minSlugLength: 6,
      });
      const input = (all: readonly unknown[]) => ({
        domainId: defaultDomainId,
        lines: new Uint8Array(Buffer.from(all.map((row) => JSON.stringify(row)).join('\n'))),
        onConflict,
        isAtomic: false,
        isDryRun: false,
        mayTakeDown: true,
      });
      real.importLinks(input([{ slug: 'there', destination: a }]));
      const { failures, ...counts } = real.importLinks(input(rows));
      expect(dry).toEqual({ ...counts, failures: unpackPieces(failures) });
    }
  });

  test('imports all or nothing when asked to', () => {
    const rows = [{ slug: 'one', destination: a }, { slug: 'two' }];
    expect(() => run(rows, { isAtomic: true })).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        details: { errors: [expect.objectContaining({ pointer: '/links/1/destination' })] },
      }),
    );
  });

  test('makes rows without a slug once for an Idempotency-Key, and tells what it told', () => {
    const idempotency = { scope: 'open', key: 'k', requestHash: 'x' };
    const rows = [{ destination: a }, { destination: 'x' }, { destination: b }];
    const first = run(rows, { idempotency });
    expect(first).toMatchObject({ created: 2, failed: 1, repeated: false });
    expect(run(rows, { idempotency })).toEqual({ ...first, repeated: true, retried: [1] });
    expect(stores.links.countLinks(defaultDomainId)).toBe(2);
    expect(run(rows)).toMatchObject({ created: 2 });
    expect(() => run(rows, { idempotency: { ...idempotency, requestHash: 'y' } })).toThrow(
      expect.objectContaining({ kind: 'idempotency_mismatch' }),
    );
  });

  test('tries a row that failed again with the same Idempotency-Key, and no other', () => {
    const idempotency = { scope: 'open', key: 'k', requestHash: 'x' };
    const theirs = [{ slug: 'one', destination: b }];
    const rows = [{ destination: a }, { slug: 'one', destination: a }, { slug: 'two' }];
    run(theirs);
    expect(run(rows, { idempotency })).toMatchObject({ fates: 'cff', retried: [] });
    links.deleteLink({ domainId: defaultDomainId, slugKey: 'one' as SlugKey });
    expect(run(rows, { idempotency })).toMatchObject({
      created: 2,
      failed: 1,
      fates: 'ccf',
      failures: [{ index: 2 }],
      repeated: true,
      retried: [1, 2],
    });
    expect(find('one')).toMatchObject({ destination: a });
    expect(run(rows, { idempotency })).toMatchObject({ fates: 'ccf', retried: [2] });
    expect(stores.links.countLinks(defaultDomainId)).toBe(2);
  });
});

import { describe, expect, test } from 'vitest';
import { parseColumnMap } from '../../src/cli/portable/column-map.ts';
import { toLink } from '../../src/cli/portable/foreign-record.ts';
import {
  toForeignSlug,
  toForeignSwitch,
  toForeignTime,
  toForeignTitle,
} from '../../src/cli/portable/foreign-values.ts';
import { shorteners } from '../../src/cli/portable/shorteners.ts';

describe('what other shorteners write', () => {
  test.each([
    ['https://bit.ly/3xYz', '3xYz'],
    ['bit.ly/3xYz', '3xYz'],
    ['dub.sh:8888/a', 'a'],
    ['/keyword/', 'keyword'],
    ['plain', 'plain'],
    ['two/steps', 'two/steps'],
  ])('the slug %s is %s', (text, slug) => {
    expect(toForeignSlug(text)).toBe(slug);
  });

  test.each([
    ['2020-10-26T17:20:40+0000', '2020-10-26T17:20:40+00:00'],
    ['2020-10-26T17:20:40.123Z', '2020-10-26T17:20:40.123Z'],
    ['2011-04-05 06:07:08', '2011-04-05T06:07:08Z'],
    ['2011-04-05 06:07', '2011-04-05T06:07:00Z'],
    ['2011-04-05', '2011-04-05T00:00:00Z'],
    ['2021-11-15T17:16:50+01:00', '2021-11-15T17:16:50+01:00'],
    [1_600_000_000, '2020-09-13T12:26:40.000Z'],
    ['1600000000', '2020-09-13T12:26:40.000Z'],
    [1_600_000_000_123, '2020-09-13T12:26:40.123Z'],
    ['yesterday', 'yesterday'],
  ])('the time %j is %s', (value, time) => {
    expect(toForeignTime(value)).toBe(time);
  });

  test('titles are one line that fits', () => {
    expect(toForeignTitle(' Two\n lines\u2028and\ttabs ')).toBe('Two lines and tabs');
    expect(toForeignTitle('x'.repeat(300))).toBe(`${'x'.repeat(199)}…`);
    expect(toForeignTitle(`${'x'.repeat(198)}😀😀`)).toBe(`${'x'.repeat(198)}…`);
  });

  test.each([
    [true, true],
    ['TRUE', true],
    ['0', false],
    ['No', false],
    [1, true],
    ['maybe', 'maybe'],
  ])('the switch %j is %j', (value, flag) => {
    expect(toForeignSwitch(value)).toBe(flag);
  });
});

describe('a record', () => {
  test.each([
    [
      'bitly',
      {
        created_at: '2020-10-26T17:20:40+0000',
        id: 'bit.ly/3xYz',
        link: 'https://bit.ly/3xYz',
        custom_bitlinks: ['https://go.example.com/Sale'],
        long_url: 'https://example.com/',
        title: 'Sale',
        archived: false,
        tags: [],
        deeplinks: [],
      },
      {
        destination: 'https://example.com/',
        slug: 'Sale',
        title: 'Sale',
        createdAt: '2020-10-26T17:20:40+00:00',
      },
    ],
    [
      'bitly',
      { link: 'https://bit.ly/3xYz', custom_bitlinks: [], long_url: 'https://example.com/' },
      { destination: 'https://example.com/', slug: '3xYz' },
    ],
    [
      'dub',
      {
        'Short link': 'https://dub.sh/launch',
        'Destination URL': 'https://example.com/launch',
        Clicks: '12',
        'Created at': '2024-09-12T07:29:42.811Z',
        Tags: 'a, b',
        Archived: 'No',
      },
      {
        destination: 'https://example.com/launch',
        slug: 'launch',
        createdAt: '2024-09-12T07:29:42.811Z',
      },
    ],
    [
      'kutt',
      {
        id: 'd6b2f0c4-0a1c-4b61-a3b5-0b4f0a1b2c3d',
        address: 'docs',
        banned: true,
        created_at: '2023-05-01T10:00:00.000Z',
        updated_at: '2023-05-01T10:00:00.000Z',
        description: null,
        expire_in: '2033-05-01T10:00:00.000Z',
        link: 'https://kutt.it/docs',
        password: false,
        target: 'https://example.com/docs',
        visit_count: 7,
      },
      {
        destination: 'https://example.com/docs',
        slug: 'docs',
        blocked: true,
        createdAt: '2023-05-01T10:00:00.000Z',
        expiresAt: '2033-05-01T10:00:00.000Z',
      },
    ],
    [
      'shlink',
      {
        createdAt: '2022-03-17T20:12:01+01:00',
        domain: 's.test',
        shortCode: 'abc12',
        shortUrl: 'https://s.test/abc12',
        longUrl: 'https://example.com/?a=1',
        title: '',
        tags: 'x|y',
        visits: '3',
      },
      {
        destination: 'https://example.com/?a=1',
        slug: 'abc12',
        createdAt: '2022-03-17T20:12:01+01:00',
      },
    ],
    [
      'shlink',
      {
        shortCode: 'api',
        longUrl: 'https://example.com/api',
        dateCreated: '2021-01-01T00:00:00+00:00',
        meta: { validSince: '2021-02-01T00:00:00+00:00', validUntil: null, maxVisits: null },
        forwardQuery: true,
      },
      {
        destination: 'https://example.com/api',
        slug: 'api',
        createdAt: '2021-01-01T00:00:00+00:00',
        notBefore: '2021-02-01T00:00:00+00:00',
        forwardQuery: true,
      },
    ],
    [
      'yourls',
      {
        keyword: 'ozh',
        url: 'https://example.com/ozh',
        title: 'NULL',
        timestamp: '2011-04-05 06:07:08',
        ip: '127.0.0.1',
        clicks: '99',
      },
      {
        destination: 'https://example.com/ozh',
        slug: 'ozh',
        createdAt: '2011-04-05T06:07:08Z',
      },
    ],
    [
      'yourls',
      { source: '/ozh/', target: 'https://example.com/ozh', hits: '99' },
      { destination: 'https://example.com/ozh', slug: 'ozh' },
    ],
  ] as const)('of %s becomes a link', (name, record, link) => {
    expect(toLink(record, shorteners[name])).toEqual(link);
  });

  test.each([
    ['kutt', { address: 'x', target: 'https://example.com/', password: true }, 'password'],
    [
      'shlink',
      { shortCode: 'x', longUrl: 'https://example.com/', meta: { maxVisits: 5 } },
      'meta.maxVisits',
    ],
    ['dub', { key: 'x', url: 'https://example.com/', password: 'secret' }, 'password'],
  ] as const)('of %s that is less open than a link here is refused', (name, record, field) => {
    expect(toLink(record, shorteners[name])).toMatchObject({ field });
  });
});

test('a mapping of columns names fields of links, the destination among them', () => {
  expect(parseColumnMap('slug=Code, destination=Long URL').fields).toEqual({
    slug: ['Code'],
    destination: ['Long URL'],
  });
  for (const text of ['slug=Code', 'destination', 'colour=x,destination=y', 'destination=']) {
    expect(() => parseColumnMap(text)).toThrow();
  }
});

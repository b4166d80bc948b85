import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointersOf } from '../support/problem-body.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const destination = 'https://example.com/';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.client.post('/api/v1/links').send({ destination, slug: 'there' }).expect(201);
});
afterAll(() => app[Symbol.asyncDispose]());

const notStrings = [1, 0, true, [], {}, ['https://example.com/']];
const notStringsOrNull = [1, true, [], {}];
const notBooleans = [null, 0, 1, 'true', [], {}];
const badTimes = [
  0,
  true,
  '',
  'tomorrow',
  '2030-01-01',
  '2030-01-01T00:00:00',
  '2030-13-01T00:00:00Z',
  '2030-02-30T00:00:00Z',
  '2030-01-01T24:00:00Z',
  '2030-01-01T00:60:00Z',
  '2030-01-01T00:00:00+25:00',
  '2030-01-01T00:00:00+0100',
  '1969-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-01:00',
  '+12030-01-01T00:00:00Z',
  ' 2030-01-01T00:00:00Z',
  '2030-01-01T00:00:00Z\n',
];

/** Values that no field may have, by field. What is common to create and update. */
const badValues: Readonly<Record<string, readonly unknown[]>> = {
  destination: [
    ...notStrings,
    null,
    '',
    ' ',
    'x',
    '/x',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:',
    'https://',
    'https:///',
    'ftp://example.com/',
    'javascript:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://example.com/x',
    'about:blank',
    'mailto:a@example.com',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://example.com:99999/',
    'https://exa mple.com/',
    'https://[::1]/',
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://localhost/',
    'http://x.internal/',
    'http://169.254.169.254/latest',
    'http://go.example.com/loop',
    'https://GO.example.com./loop',
    'https://example.com/\r\nSet-Cookie: a=b',
    'https://example.com/\u0000',
    'https://example.com/\u010d\u010a\u0000',
    `https://example.com/${'a'.repeat(8_173)}`,
  ],
  title: [
    ...notStringsOrNull,
    'a'.repeat(201),
    'a\u0000b',
    'a\nb',
    'a\r\nX: y',
    'a\u2028b',
    '\ud800',
  ],
  redirectCode: [null, '302', 0, 200, 300, 303, 304, 305, 306, 309, 302.5, -302, [302], true],
  forwardQuery: notBooleans,
  disabled: notBooleans,
  notBefore: badTimes,
  expiresAt: badTimes,
};

const badSlugs = [
  ...notStrings,
  null,
  '',
  ' ',
  'a b',
  'a.b',
  'a/b',
  'a+b',
  'a%62',
  '-a',
  '_a',
  '../a',
  '..',
  'ä',
  'ａ',
  'ſale',
  'a\u0000',
  'a\n',
  'a\u200b',
  'a'.repeat(65),
  'api',
  'API',
  'healthz',
  'assets',
];

const cases = (table: Readonly<Record<string, readonly unknown[]>>) =>
  Object.entries(table).flatMap(([field, values]) =>
    values.map((value) => ({ field, value, shown: JSON.stringify(value)?.slice(0, 60) })),
  );

describe('a field of a new link', () => {
  it.each(cases({ ...badValues, slug: badSlugs }))('$field may not be $shown', async (given) => {
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination, [given.field]: given.value })
      .expect(422);
    expect(pointersOf(body)).toEqual([`/${given.field}`]);
  });

  it.each([
    'clicks',
    'blocked',
    'id',
    'version',
    'Destination',
    'owner_id',
    '',
    'a/b',
    'a~b',
    'toString',
    'constructor',
  ])('may not be called %j', async (name) => {
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination, [name]: 1 })
      .expect(422);
    expect(pointersOf(body)).toEqual([`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`]);
  });

  it('must be there when it is the destination', async () => {
    const { body } = await app.client.post('/api/v1/links').send({}).expect(422);
    expect(pointersOf(body)).toEqual(['/destination']);
  });

  it.each([
    ['a title of 200 characters', { title: 'a'.repeat(200) }],
    ['a slug of 64 characters', { slug: 'a'.repeat(64) }],
    [
      'a destination of 8,192 characters',
      { destination: `https://example.com/${'a'.repeat(8_172)}` },
    ],
    ['the first time there is', { notBefore: '1970-01-01T00:00:00Z' }],
    ['the last time there is', { expiresAt: '9999-12-31T23:59:59.999Z' }],
    ['nothing for all that may be nothing', { title: null, notBefore: null, expiresAt: null }],
  ])('may just be %s', async (_title, fields) => {
    await app.client
      .post('/api/v1/links')
      .send({ destination, ...fields })
      .expect(201);
  });

  it('may not expire before it begins', async () => {
    const time = '2030-01-01T00:00:00Z';
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination, notBefore: time, expiresAt: time })
      .expect(422);
    expect(pointersOf(body)).toEqual(['/expiresAt']);
  });

  it('names at most 20 fields, each in 200 characters', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`${index}${'x'.repeat(300)}`, 1]),
    );
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination, ...many })
      .expect(422);
    expect(body.errors).toHaveLength(20);
    expect(Math.max(...pointersOf(body).map(({ length }) => length))).toBe(200);
  });
});

describe('a field of a change', () => {
  it.each(cases({ ...badValues, blocked: notBooleans, slug: ['other'] }))(
    '$field may not be $shown',
    async (given) => {
      const { body } = await app.client
        .patch('/api/v1/links/there')
        .set('Authorization', `Bearer ${testAdminKey}`)
        .send({ [given.field]: given.value })
        .expect(422);
      expect(pointersOf(body)).toEqual([`/${given.field}`]);
    },
  );
});

describe('the name of a key', () => {
  it.each([...notStrings, null, '', ' ', 'a'.repeat(101), 'a\u0000', 'a\nb', '\udfff'])(
    'may not be %j',
    async (name) => {
      const { body } = await app.client
        .post('/api/v1/keys')
        .set('Authorization', `Bearer ${testAdminKey}`)
        .send({ name })
        .expect(422);
      expect(pointersOf(body)).toEqual(['/name']);
    },
  );
});

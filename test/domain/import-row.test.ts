import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseImportRow } from '../../src/domain/import-row.ts';
import { newLinkSchema } from '../../src/http/link-json.ts';

const destination = 'https://example.com/';

describe('a row of an import', () => {
  test('has what an export has, and what nobody can set is not looked at', () => {
    const told = { id: '7', shortUrl: 'x', clicks: { total: 1 }, state: 'active', version: 3 };
    const row = {
      destination,
      slug: 'Sale',
      title: null,
      redirectCode: 308,
      forwardQuery: true,
      notBefore: '2030-01-31T09:00:00+01:00',
      expiresAt: null,
      disabled: false,
      blocked: true,
      createdAt: '2020-02-29T00:00:00.25Z',
      updatedAt: '2021-01-01T00:00:00Z',
    };
    expect(parseImportRow({ ...row, ...told })).toEqual({
      ...row,
      notBefore: Date.UTC(2030, 0, 31, 8),
      createdAt: Date.UTC(2020, 1, 29, 0, 0, 0, 250),
      updatedAt: Date.UTC(2021, 0, 1),
    });
  });

  test.each([
    [null, ['']],
    [[], ['']],
    ['text', ['']],
    [{}, ['/destination']],
    [{ destination: 1 }, ['/destination']],
    [{ destination, colour: 'red', 'a/b~': 1 }, ['/colour', '/a~1b~0']],
    [{ destination, __proto__: null, constructor: 1 }, ['/constructor']],
    [{ destination, slug: 7, title: 7, redirectCode: '302' }, ['/slug', '/title', '/redirectCode']],
    [{ destination, disabled: 'false', blocked: 0 }, ['/disabled', '/blocked']],
    [{ destination, notBefore: '2030-01-31', expiresAt: 5 }, ['/notBefore', '/expiresAt']],
    [
      { destination, createdAt: null, updatedAt: '2023-02-29T00:00:00Z' },
      ['/createdAt', '/updatedAt'],
    ],
    [{ destination, createdAt: '2023-04-31T00:00:00Z' }, ['/createdAt']],
    [{ destination, createdAt: '2023-13-01T00:00:00Z' }, ['/createdAt']],
    [{ destination, createdAt: '2023-12-01T24:00:00Z' }, ['/createdAt']],
  ])('%j is wrong at %j', (value, pointers) => {
    expect(() => parseImportRow(value)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        details: { errors: pointers.map((pointer) => expect.objectContaining({ pointer })) },
      }),
    );
  });

  test('is judged as the body that makes one link is', () => {
    const values = fc.oneof(
      fc.constantFrom(null, true, 301, 302, 300, '302', 'text', '2030-01-31T09:00:00Z'),
      fc.constantFrom('2030-02-29T09:00:00Z', '2028-02-29T09:00:00Z', '2030-01-31T09:00:00+24:00'),
    );
    const names = [
      'slug',
      'title',
      'redirectCode',
      'forwardQuery',
      'notBefore',
      'expiresAt',
      'disabled',
    ];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, 'destination', 'other'), values),
        (value) => {
          const bySchema = newLinkSchema.safeParse(value);
          const parse = () => parseImportRow(value);
          if (bySchema.success) expect(parse()).toEqual(bySchema.data);
          else expect(parse).toThrow(expect.objectContaining({ kind: 'invalid' }));
        },
      ),
    );
  });
});

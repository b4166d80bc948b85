import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';

type Env = Readonly<Record<string, string | undefined>>;

const key = 'k'.repeat(32);
const folder = { BACKUP_URL: 'file:///var/backups/hoplite', BACKUP_KEY: key };
/** What `fly storage create` sets. */
const tigris = {
  AWS_ACCESS_KEY_ID: 'tid_one',
  AWS_SECRET_ACCESS_KEY: 'tsec_two',
  AWS_ENDPOINT_URL_S3: 'https://fly.storage.tigris.dev',
  AWS_REGION: 'auto',
  BUCKET_NAME: 'summer-grass-2004',
};
const amazon = {
  BACKUP_URL: 's3://go-backups/links/eu/',
  BACKUP_KEY: key,
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-central-1',
};

function mistakesOf(env: Env): Record<string, string> {
  try {
    readConfig(env);
    return {};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.mistakes.map(({ variable, detail }) => [variable, detail]));
  }
}

describe('backups', () => {
  test('go to a folder', () => {
    expect(readConfig(folder).backup).toEqual({
      place: { in: 'folder', folder: '/var/backups/hoplite' },
      url: 'file:///var/backups/hoplite',
      keys: [key],
      encrypt: false,
      intervalMs: 60_000,
      clicksIntervalMs: 3_600_000,
      s3: undefined,
    });
  });

  test("go to a bucket at Amazon's", () => {
    expect(
      readConfig({
        ...amazon,
        BACKUP_ENCRYPT: 'true',
        BACKUP_INTERVAL: '10s',
        AWS_SESSION_TOKEN: 't',
      }).backup,
    ).toEqual({
      place: { in: 's3', bucket: 'go-backups', prefix: 'links/eu' },
      url: 's3://go-backups/links/eu',
      keys: [key],
      encrypt: true,
      intervalMs: 10_000,
      clicksIntervalMs: 3_600_000,
      s3: {
        endpoint: undefined,
        region: 'eu-central-1',
        accessKeyId: 'id',
        secretAccessKey: 'secret',
        sessionToken: 't',
      },
    });
  });

  test('go to what "fly storage create" made, as soon as there is a key', () => {
    expect(readConfig(tigris).backup).toBeUndefined();
    expect(readConfig({ ...tigris, BACKUP_KEY: key }).backup).toMatchObject({
      place: { in: 's3', bucket: 'summer-grass-2004', prefix: 'hoplite' },
      s3: { endpoint: 'https://fly.storage.tigris.dev', region: 'auto', accessKeyId: 'tid_one' },
    });
    const said = readConfig({ ...tigris, ...folder });
    expect(said.backup?.url).toBe(folder.BACKUP_URL);
  });

  test('take the endpoint of S3 before that of all services, and the region from the server', () => {
    const { AWS_REGION: _, ...env } = { ...amazon, AWS_ENDPOINT_URL: 'http://127.0.0.1:9000/s3/' };
    expect(readConfig(env).backup?.s3).toMatchObject({
      endpoint: 'http://127.0.0.1:9000/s3',
      region: 'auto',
    });
    const both = { ...env, AWS_ENDPOINT_URL_S3: 'https://s3.example.com' };
    expect(readConfig(both).backup?.s3?.endpoint).toBe('https://s3.example.com');
  });

  test('are off without a place, whatever else is there for other programs; the key still signs files', () => {
    const config = readConfig({
      BACKUP_KEY: `${key}, ${'old'.repeat(11)}`,
      AWS_ENDPOINT_URL: 'of another program',
      BUCKET_NAME: '',
    });
    expect(config.backup).toBeUndefined();
    expect(config.backupKeys).toEqual([key, 'old'.repeat(11)]);
  });

  test('sign with the first key of several', () => {
    const env = { ...folder, BACKUP_KEY: `${'new'.repeat(11)},${key}` };
    expect(readConfig(env).backup?.keys).toEqual(['new'.repeat(11), key]);
  });

  test.each<[string, Env, Record<string, string>]>([
    [
      'a key',
      { BACKUP_URL: folder.BACKUP_URL },
      { BACKUP_KEY: expect.stringContaining('is required') },
    ],
    [
      'a key that cannot be guessed',
      { ...folder, BACKUP_KEY: 'short' },
      {
        BACKUP_KEY: 'must have at least 32 characters, each where several are separated by commas',
      },
    ],
    [
      'such keys all',
      { ...folder, BACKUP_KEY: `${key},` },
      { BACKUP_KEY: expect.stringContaining('at least 32 characters') },
    ],
    [
      'different keys',
      { ...folder, BACKUP_KEY: `${key},${key}` },
      { BACKUP_KEY: 'has the same key twice' },
    ],
    [
      'what a bucket asks for',
      { BACKUP_URL: 's3://go-backups', BACKUP_KEY: key },
      {
        AWS_ACCESS_KEY_ID: 'is required where backups go to a bucket',
        AWS_SECRET_ACCESS_KEY: 'is required where backups go to a bucket',
        AWS_REGION: expect.stringMatching(/^is required with Amazon's S3, .*AWS_ENDPOINT_URL_S3$/),
      },
    ],
    [
      'a region at Amazon',
      { ...amazon, AWS_REGION: 'auto' },
      { AWS_REGION: expect.stringContaining('is required') },
    ],
    [
      'an endpoint that is a URL',
      { ...amazon, AWS_ENDPOINT_URL_S3: 's3.example.com' },
      { AWS_ENDPOINT_URL_S3: expect.stringContaining('must be an http or https URL') },
    ],
    [
      'an endpoint without a user',
      { ...amazon, AWS_ENDPOINT_URL: 'https://a:b@s3.example.com' },
      { AWS_ENDPOINT_URL: expect.stringContaining('without a user') },
    ],
    [
      "a bucket's name",
      { ...tigris, BACKUP_KEY: key, BUCKET_NAME: 'a/b?c' },
      { BUCKET_NAME: 'must be s3://bucket/prefix or file:///folder' },
    ],
  ])('need %s', (_, env, mistakes) => {
    expect(mistakesOf(env)).toEqual(mistakes);
  });
});

import { describe, expect, test } from 'vitest';
import { checks } from '../../src/cli/doctor/checks.ts';
import type { Facts } from '../../src/cli/doctor/facts.ts';
import {
  alone,
  applied,
  asPrimary,
  judge,
  primary,
  replica,
  status,
  withConfig,
  withPeers,
  withPrimaryAt,
} from '../support/doctor-facts.ts';
import { positionAt } from '../support/fake-mount.ts';

describe('nothing is wrong', () => {
  const none: string[] = [];
  test.each([
    ['with a replica', replica, none],
    ['with a primary', asPrimary, none],
    // There is nothing that these could look at.
    [
      'alone',
      alone,
      ['mount', 'litefs', 'consul', 'position', 'peers', 'clocks', 'keys', 'bucket'],
    ],
  ])('%s', (_, facts: Facts, silent: readonly string[]) => {
    for (const check of Object.keys(checks)) {
      const levels = (checks[check]?.(facts) ?? []).map(({ level }) => level);
      expect(levels, check).toEqual(silent.includes(check) ? [] : levels.map(() => 'ok'));
      expect(levels.length === 0, check).toBe(silent.includes(check));
    }
  });

  test.each([
    ['position', replica, 'ok at transaction 2a, the same as the primary ams1'],
    ['position', asPrimary, 'ok at transaction 2a, and all others follow'],
    ['role', replica, 'ok replica of ams1; no candidate'],
    ['role', asPrimary, 'ok primary'],
    ['clocks', replica, 'ok no more than 2 s from ams1'],
    ['bucket', replica, 'ok s3://backups/hoplite answers'],
    ['keys', replica, 'ok 2 keys; ADMIN_KEY is not set'],
    ['keys', { ...replica, keys: 1 }, 'ok 1 key; ADMIN_KEY is not set'],
    [
      'data folder',
      { ...alone, dataDir: { path: '/new', exists: false, problem: undefined } },
      'ok /new is made at the first start',
    ],
    [
      'disk',
      { ...alone, disks: [{ path: '/data', freeBytes: 6e9, totalBytes: 1e12 }] },
      'ok 5.6 GiB of 931.3 GiB are free at /data',
    ],
    [
      'schema',
      {
        ...alone,
        schema: {
          is: 'read',
          migrations: [applied, { ...applied, file: '0002_next.sql', state: 'newer' }],
          drift: ['table next is not declared'],
        },
      },
      'ok a newer release has added 0002_next.sql',
    ],
    ['click schema', alone, 'ok as declared, up to 0001_clicks.sql'],
    [
      'position',
      withPrimaryAt(status('ams1', { position: positionAt(43) })),
      'ok at transaction 2a, 1 transaction behind the primary ams1, for 0.04 s',
    ],
    [
      'ports',
      withConfig({ PRIVATE_HOST: '::' }),
      'ok the private port 8081 listens on every address, none of which is seen to be public',
    ],
    [
      'ports',
      withConfig({ PRIVATE_HOST: 'fly-local-6pn' }),
      'ok the private port 8081 listens on fly-local-6pn alone',
    ],
  ] satisfies [string, Facts, string][])('%s: %#', (check, facts, line) => {
    expect(judge(check, facts)).toEqual([line]);
  });

  test('on Fly, where services decide what is public', () => {
    const facts = withConfig({ FLY_APP_NAME: 'hoplite', PRIVATE_HOST: '::' }, replica);
    const env = { FLY_APP_NAME: 'hoplite' };
    expect(judge('ports', { ...facts, env, addresses: ['2606:4700::1'] })).toEqual([
      'ok the private port 8081 listens on every address, none of which is seen to be public',
      'ok the port of LiteFS listens on every address, none of which is seen to be public',
    ]);
  });
});

describe('what cannot be told is left to the check that says why', () => {
  test.each([
    ['role', { ...replica, litefs: { is: 'silent', url: '', why: '' } }],
    ['position', { ...replica, litefs: { is: 'silent', url: '', why: '' } }],
    ['position', { ...replica, mount: { ...replica.mount, reading: { is: 'hanging' } } }],
    ['position', { ...replica, peers: { is: 'unparsable', why: '' } }],
    ['position', withPrimaryAt(status('ams1', { position: null }))],
    ['schema', { ...replica, schema: undefined }],
    ['click schema', { ...replica, clickSchema: undefined }],
    ['clocks', withPeers({ ...primary, status: { is: 'silent', why: '' } })],
    ['keys', { ...withConfig({ ACCESS: 'keys' }), keys: undefined }],
  ] satisfies [string, Facts][])('%s: %#', (check, facts) => {
    expect(judge(check, facts)).toEqual([]);
  });
});

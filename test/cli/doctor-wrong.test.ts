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

describe('what is wrong is said, and what to do', () => {
  const unreachable = { is: 'silent', why: 'nobody listens there' } as const;

  const failing = [
    [
      'bucket',
      { ...replica, bucket: { is: 'failing', why: 's3://a cannot be reached: mend BACKUP_URL.' } },
      'fail s3://a cannot be reached: mend BACKUP_URL; then try "hoplite backup now"',
    ],
    [
      'bucket',
      {
        ...replica,
        bucket: { is: 'answering', name: 's3://a', clockOffsetMs: 9 * 3_600_000 },
      },
      'warn the clock of s3://a is 32400 s ahead of this one; run a time service here',
    ],
    [
      'data folder',
      { ...alone, dataDir: { path: '/data', exists: true, problem: 'EACCES' } },
      'fail /data cannot be written to (EACCES); give it',
    ],
    [
      'data folder',
      { ...alone, dataDir: { path: '/data', exists: false, problem: 'EROFS' } },
      'fail /data is not there and cannot be made (EROFS); give it',
    ],
    [
      'disk',
      { ...alone, disks: [{ path: '/data', freeBytes: 6e7, totalBytes: 1e9 }] },
      'fail 57 MiB of 953 MiB are free at /data; make room',
    ],
    [
      'disk',
      { ...alone, disks: [{ path: '/data', freeBytes: 1.9e8, totalBytes: 1e9 }] },
      'warn 181 MiB of 953 MiB',
    ],

    [
      'mount',
      { ...replica, mount: { ...replica.mount, entry: undefined, reading: undefined } },
      'fail nothing is mounted at /litefs (LITEFS_DIR); start LiteFS',
    ],
    [
      'mount',
      { ...replica, mount: { ...replica.mount, entry: { point: '/litefs', type: 'ext4' } } },
      'fail what is mounted at /litefs is ext4, and not LiteFS; set LITEFS_DIR',
    ],
    [
      'mount',
      { ...replica, mount: { ...replica.mount, reading: { is: 'hanging' } } },
      'fail reading /litefs hangs, for LiteFS is stuck; restart this node',
    ],
    [
      'mount',
      { ...replica, mount: { ...replica.mount, reading: { is: 'failed', code: 'ENOTCONN' } } },
      'fail LiteFS is gone from its mount at /litefs (ENOTCONN); restart this node',
    ],
    [
      'mount',
      { ...replica, mount: { ...replica.mount, reading: { is: 'failed', code: 'EACCES' } } },
      'fail /litefs cannot be read (EACCES); run this as',
    ],
    [
      'mount',
      { ...replica, mount: { ...replica.mount, entry: 'unknown' } },
      'warn whether /litefs is a mount cannot be told; LiteFS runs on Linux',
    ],

    [
      'litefs',
      {
        ...replica,
        litefs: { is: 'silent', url: 'http://127.0.0.1:20202', why: 'no answer within 2 s' },
      },
      'fail LiteFS does not answer at http://127.0.0.1:20202: no answer within 2 s; look at its log',
    ],
    [
      'litefs',
      { ...asPrimary, litefs: { ...replica.litefs, isPrimary: true, hostname: 'vm7' } },
      'fail LiteFS calls this node vm7, but NODE_ID is iad1: writes find no way here; set NODE_ID',
    ],

    [
      'role',
      { ...replica, litefs: { ...replica.litefs, hostname: undefined } },
      'fail detached: no primary is known; links that are here redirect, writes fail; no candidate; look at Consul',
    ],
    [
      'role',
      { ...replica, litefs: { ...replica.litefs, hostname: 'iad1', isCandidate: true } },
      'fail detached: no primary is known; links that are here redirect, writes fail; a candidate, which may become primary; look',
    ],
    [
      'role',
      { ...replica, mount: { ...replica.mount, reading: { is: 'readable' } } },
      'fail joining: ams1 is the primary, but there is no copy of the links yet; no candidate; wait for the copy',
    ],
    [
      'role',
      {
        ...replica,
        mount: { ...replica.mount, reading: { is: 'readable' } },
        litefs: { ...replica.litefs, hostname: undefined },
      },
      'fail joining: there is neither a copy of the links nor a primary; no candidate; look',
    ],

    [
      'consul',
      { ...replica, consul: { is: 'unset' } },
      'warn Consul was not asked; set CONSUL_URL',
    ],
    [
      'consul',
      { ...replica, consul: { is: 'unset' }, env: { FLY_APP_NAME: 'hoplite' } },
      'fail FLY_CONSUL_URL is not set, so no node can become primary; run "fly consul attach"',
    ],
    [
      'consul',
      { ...replica, consul: { is: 'not a URL', variable: 'FLY_CONSUL_URL' } },
      'fail FLY_CONSUL_URL is not the URL of a Consul; set it to',
    ],
    [
      'consul',
      {
        ...replica,
        consul: { is: 'silent', origin: 'http://10.0.0.9:8500', why: 'nobody listens there' },
      },
      'fail Consul does not answer at http://10.0.0.9:8500: nobody listens there; until it does',
    ],
    [
      'consul',
      { ...replica, consul: { ...replica.consul, hasLeader: false } },
      'fail Consul at http://10.0.0.9:8500 has no leader; bring',
    ],
    [
      'consul',
      { ...replica, consul: { ...replica.consul, status: 500 } },
      'fail Consul at http://10.0.0.9:8500 has no leader; bring',
    ],
    [
      'consul',
      { ...replica, consul: { ...replica.consul, status: 403 } },
      'warn Consul at http://10.0.0.9:8500 answers 403 when it is asked for its leader; look whether the token',
    ],

    [
      'app',
      {
        ...alone,
        app: { ...alone.app, health: unreachable, readiness: unreachable, status: unreachable },
      },
      'fail no app answers at http://127.0.0.1:8080: nobody listens there; start it with "npm start"',
    ],
    [
      'app',
      {
        ...replica,
        app: { ...alone.app, health: unreachable, readiness: unreachable, status: unreachable },
      },
      'fail no app answers at http://127.0.0.1:8080: nobody listens there; LiteFS starts it',
    ],
    [
      'app',
      { ...alone, app: { ...alone.app, health: unreachable } },
      'fail no answer at http://127.0.0.1:8080/healthz: nobody listens there; look at the log',
    ],
    [
      'app',
      {
        ...alone,
        app: { ...alone.app, health: { is: 'answering', status: 503, detail: 'No copy yet.' } },
      },
      'fail http://127.0.0.1:8080/healthz answers 503: No copy yet.; look at the log',
    ],
    [
      'app',
      { ...alone, app: { ...alone.app, readiness: { is: 'answering', status: 503, detail: '' } } },
      'fail http://127.0.0.1:8080/readyz answers 503: its schema is not the right one; look at the log',
    ],
    [
      'app',
      { ...alone, app: { ...alone.app, status: unreachable } },
      'fail the private port does not answer at http://127.0.0.1:8081: nobody listens there; set PRIVATE_HOST',
    ],
    [
      'app',
      {
        ...replica,
        app: {
          ...alone.app,
          health: unreachable,
          readiness: unreachable,
          status: status('iad1', { role: 'joining', waitsFor: 'Consul is away.' }),
        },
      },
      'fail LiteFS and the app are not started: Consul is away.; see docs/bootstrap.md',
    ],
    [
      'app',
      { ...alone, app: { ...alone.app, status: status('web-2') } },
      'warn the app at http://127.0.0.1:8081 is node web-2, but here NODE_ID is iad1; run this with',
    ],

    [
      'schema',
      { ...alone, schema: { is: 'absent', file: '/data/links.db' } },
      'warn there is no database at /data/links.db yet; the first start makes it',
    ],
    [
      'schema',
      { ...replica, schema: { is: 'absent', file: '/litefs/links.db' } },
      'warn there is no database at /litefs/links.db yet; the primary makes it',
    ],
    [
      'click schema',
      { ...replica, clickSchema: { is: 'absent', file: '/litefs/clicks.db' } },
      'warn there is no database at /litefs/clicks.db yet; the primary makes it',
    ],
    [
      'schema',
      {
        ...alone,
        schema: { is: 'unreadable', why: '0001_links.sql: it was edited after it was applied.' },
      },
      'fail 0001_links.sql: it was edited after it was applied.; see "hoplite migrate status"',
    ],
    [
      'schema',
      {
        ...alone,
        schema: { is: 'read', migrations: [{ ...applied, state: 'pending' }], drift: ['x'] },
      },
      'fail 0001_links.sql is not applied; run "hoplite migrate up"',
    ],
    [
      'schema',
      {
        ...asPrimary,
        schema: { is: 'read', migrations: [{ ...applied, state: 'pending' }], drift: [] },
      },
      'fail 0001_links.sql is not applied; run "hoplite migrate up"',
    ],
    [
      'schema',
      {
        ...replica,
        schema: {
          is: 'read',
          migrations: [
            applied,
            { ...applied, file: '2', state: 'pending' },
            { ...applied, file: '3', state: 'pending' },
          ],
          drift: [],
        },
      },
      'warn 2, 3 are not applied; the primary applies them',
    ],
    [
      'schema',
      {
        ...alone,
        schema: { ...replica.schema, drift: ['table a is not declared', 'table b is missing'] },
      },
      'fail the schema is not the declared one: table a is not declared; table b is missing; somebody changed it',
    ],

    [
      'position',
      withPrimaryAt(status('ams1', { position: positionAt(58) }), 60_000),
      'warn at transaction 2a, 16 transactions behind the primary ams1, for 60 s; look at the network to ams1',
    ],
    [
      'position',
      withPrimaryAt(status('ams1', { position: positionAt(58) }), null),
      'warn at transaction 2a, 16 transactions behind the primary ams1, for a time that is not known; look',
    ],
    [
      'position',
      withPrimaryAt(status('ams1', { position: positionAt(42, 7) })),
      'fail at transaction 2a, with transactions that the primary ams1 does not have; a failover has lost them',
    ],
    [
      'position',
      withPrimaryAt(status('ams1', { position: positionAt(41) })),
      'fail at transaction 2a, with transactions that the primary ams1 does not have; a failover',
    ],
    [
      'position',
      withPeers({ ...primary, status: unreachable }),
      'fail at transaction 2a; the primary ams1 does not answer at http://10.0.0.1:8081: nobody listens there; see PEER_URL',
    ],

    [
      'peers',
      { ...replica, peers: { is: 'unparsable', why: 'PEER_URL: "x" is neither.' } },
      'fail PEER_URL: "x" is neither.; the app cannot start with it',
    ],
    [
      'peers',
      withPeers({
        node: 'ams9',
        url: undefined,
        status: { is: 'silent', why: 'PEER_URL does not name it' },
      }),
      'warn ams9 does not answer: PEER_URL does not name it; see whether it runs',
    ],
    [
      'peers',
      withPeers({ ...primary, status: unreachable }),
      'warn ams1 does not answer at http://10.0.0.1:8081: nobody listens there; see whether it runs',
    ],

    [
      'clocks',
      withPeers({ ...primary, status: { ...status('ams1'), clockOffsetMs: 61_400 } }),
      'warn the clock of ams1 is 61 s ahead of this one; run a time service',
    ],
    [
      'clocks',
      withPeers({ ...primary, status: { ...status('ams1'), clockOffsetMs: -2100 } }),
      'warn the clock of ams1 is 2 s behind this one; run a time service',
    ],

    [
      'ports',
      withConfig({ PRIVATE_HOST: '8.8.8.8' }),
      'fail the private port 8081 listens on the public address 8.8.8.8; set PRIVATE_HOST',
    ],
    [
      'ports',
      withConfig({ PRIVATE_HOST: '2606:4700::1' }),
      'fail the private port 8081 listens on the public address 2606:4700::1; set PRIVATE_HOST',
    ],
    [
      'ports',
      {
        ...withConfig({ PRIVATE_HOST: '0.0.0.0' }),
        addresses: ['10.0.0.2', '8.8.8.8', '2606:4700::1'],
      },
      'warn the private port 8081 listens on every address, 8.8.8.8 too, which is public; set PRIVATE_HOST',
    ],
    [
      'ports',
      {
        ...withConfig({ PRIVATE_HOST: '::' }),
        addresses: ['fe80::1%eth0', '8.8.8.8', '2606:4700::1'],
      },
      'warn the private port 8081 listens on every address, 8.8.8.8, 2606:4700::1 too, which are public; set',
    ],

    [
      'access',
      withConfig({ HOST: '0.0.0.0', ACCESS: 'open' }),
      'warn everybody who reaches https://go.example.com may list and create links (ACCESS=open); set ACCESS=keys',
    ],
    [
      'access',
      withConfig({ ACCESS: 'open' }),
      'warn everybody who reaches https://go.example.com may list and create links (ACCESS=open); set ACCESS=keys',
    ],
    [
      'keys',
      { ...withConfig({ ACCESS: 'keys' }), keys: 0 },
      'warn there is neither a key nor ADMIN_KEY, so nobody can sign in; run "hoplite key create',
    ],
  ] satisfies [string, Facts, string][];

  test.each(failing)('%s: %#', (check, facts, beginning) => {
    const lines = judge(check, facts);
    expect(lines).toEqual([expect.stringContaining(beginning)]);
    expect(lines[0]?.startsWith(beginning)).toBe(true);
  });

  test.each([
    [':20202', 'fail the port of LiteFS listens on every address, 8.8.8.8 too, which is public'],
    [
      '0.0.0.0:20202',
      'fail the port of LiteFS listens on every address, 8.8.8.8 too, which is public',
    ],
    [
      '[::]:20202',
      'fail the port of LiteFS listens on every address, 8.8.8.8 too, which is public',
    ],
    ['8.8.8.8:20202', 'fail the port of LiteFS listens on the public address 8.8.8.8'],
    ['[2606:4700::1]:20202', 'fail the port of LiteFS listens on the public address 2606:4700::1'],
    ['[::1]:20202', 'ok the port of LiteFS listens on ::1 alone'],
    ['10.0.0.2:20202', 'ok the port of LiteFS listens on 10.0.0.2 alone'],
  ])('LiteFS listens on %s', (LITEFS_HTTP_ADDR, line) => {
    const facts = { ...replica, env: { LITEFS_HTTP_ADDR }, addresses: ['8.8.8.8'] };
    const [, verdict] = judge('ports', facts);
    expect(verdict?.split('; ')[0]).toBe(line);
  });

  test('some nodes answer, and one does not', () => {
    const gone = { node: 'syd1', url: 'http://10.0.0.3:8081', status: unreachable };
    expect(judge('peers', withPeers(primary, gone))).toEqual([
      'ok ams1 answers',
      expect.stringMatching(/^warn syd1 does not answer/),
    ]);
  });

  test('every check has a line here', () => {
    expect(new Set(failing.map(([check]) => check))).toEqual(new Set(Object.keys(checks)));
  });
});

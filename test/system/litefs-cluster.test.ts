import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Consul } from '../../scripts/cluster/consul.ts';
import { type LiteFsCluster, startLiteFsCluster } from '../../src/cluster/litefs-cluster.ts';
import { LiteFsCopier } from '../../src/cluster/litefs-copier.ts';
import type { DeadMount } from '../../src/cluster/mount.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Role } from '../../src/domain/role.ts';
import { LiteFsProcess } from '../support/litefs-process.ts';

const network = '127.0.3';
const nodes = ['a', 'b', 'c'] as const;
type NodeName = (typeof nodes)[number];

/** A LiteFS, and the place in the fleet as an app on its mount sees it. */
interface TestNode {
  readonly litefs: LiteFsProcess;
  cluster: LiteFsCluster;
  roles: Role[];
  deaths: DeadMount[];
}

/**
 * LiteFS names the next primary while it connects to it, takes that back when it was a moment too early, and names it again
 * (docs/facts.md, "A missing .primary proves nothing"). Each time is told once.
 */
function expectFollowed(roles: readonly Role[], primary: NodeName): void {
  const once: readonly Role[] = [{ is: 'detached' }, { is: 'replica', primary }];
  const times = Math.max(1, Math.floor(roles.length / once.length));
  expect(roles).toEqual(Array.from({ length: times }, () => once).flat());
}

const lastTxid = (rows: ReadonlyMap<string, number>) =>
  (JSON.parse([...rows.keys()].at(-1) ?? '{}') as Partial<Position>).txid;

/** Waits for what a fleet brings about by itself: an election, a reset. */
const until = <T>(check: () => T | Promise<T>, timeoutMs = 40_000) =>
  vi.waitFor(check, { timeout: timeoutMs, interval: 10 });

describe('a place in a fleet of real LiteFS and Consul', () => {
  let folder: string;
  let consul: Consul;
  const fleet = {} as Record<NodeName, TestNode>;
  const databases = new Set<Database.Database>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hoplite-litefs-'));
    consul = new Consul({
      dir: join(folder, 'consul'),
      address: `${network}.110`,
      run: randomUUID(),
    });
    await consul.start();
  });

  afterAll(async () => {
    for (const database of databases) database.close();
    for (const node of nodes) await fleet[node]?.cluster[Symbol.asyncDispose]();
    for (const node of nodes) await fleet[node]?.litefs[Symbol.asyncDispose]();
    await consul[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Follows a node from now on, as an app does that LiteFS has just started. */
  async function follow(litefs: LiteFsProcess): Promise<TestNode> {
    const roles: Role[] = [];
    const deaths: DeadMount[] = [];
    const cluster = await startLiteFsCluster({
      node: litefs.node,
      region: 'ams',
      litefsDir: litefs.mount,
      litefsUrl: litefs.url,
      peerUrl: 'http://{node}.test:8081',
      log: pino({ level: 'silent' }),
      onDeadMount: (error) => deaths.push(error),
    });
    cluster.onRole((role) => roles.push(role));
    return { litefs, cluster, roles, deaths };
  }

  async function begin(name: NodeName): Promise<void> {
    const litefs = new LiteFsProcess({
      node: name,
      address: `${network}.${101 + nodes.indexOf(name)}`,
      candidate: name !== 'c',
      directory: join(folder, name),
      consulUrl: consul.url,
    });
    await litefs.start();
    fleet[name] = await follow(litefs);
  }

  /** Starts LiteFS again, and an app on its new mount. */
  async function beginAgain(name: NodeName): Promise<void> {
    const { litefs, cluster } = fleet[name];
    await cluster[Symbol.asyncDispose]();
    await litefs.start();
    fleet[name] = await follow(litefs);
  }

  function open(name: NodeName, options: Database.Options = {}): Database.Database {
    const database = new Database(fleet[name].litefs.database, { timeout: 2000, ...options });
    databases.add(database);
    return database;
  }

  function close(database: Database.Database): void {
    databases.delete(database);
    database.close();
  }

  function write(name: NodeName, ...values: readonly string[]): Position | undefined {
    const database = open(name);
    for (const value of values) database.prepare('INSERT INTO seen VALUES (?)').run(value);
    close(database);
    return fleet[name].cluster.position();
  }

  function read(database: Database.Database): string[] {
    return database.prepare('SELECT value FROM seen ORDER BY rowid').pluck().all() as string[];
  }

  const untilRole = (name: NodeName, role: Role) =>
    until(() => expect(fleet[name].cluster.role()).toEqual(role));

  const untilSame = (position: Position | undefined, ...names: readonly NodeName[]) =>
    until(() => {
      for (const name of names) expect(fleet[name].cluster.position()).toEqual(position);
    });

  it('is joining until there is a first database, then primary and replicas, each at the same position', async () => {
    await begin('a');
    await untilRole('a', { is: 'primary' });
    await begin('b');
    await begin('c');
    expect(fleet.b.cluster.role()).toEqual({ is: 'joining' });
    expect(fleet.c.cluster.role()).toEqual({ is: 'joining' });
    expect(fleet.c.cluster.position()).toBeUndefined();

    const database = open('a');
    database.pragma('journal_mode = DELETE');
    database.exec('CREATE TABLE seen (value TEXT NOT NULL) STRICT');
    close(database);
    await untilRole('b', { is: 'replica', primary: 'a' });
    await untilRole('c', { is: 'replica', primary: 'a' });
    await untilSame(fleet.a.cluster.position(), 'b', 'c');
    expect(fleet.a.cluster.position()?.txid).toBe('0000000000000001');
    expect(fleet.a.cluster.lagMs()).toBe(0);
    await until(() => expect(fleet.c.cluster.lagMs()).toBeLessThan(5000));
  });

  it('has a position that holds what it says, on every node and after every commit', async () => {
    const commits: Position[] = [];
    const stop = fleet.c.cluster.onCommit((_, position) => commits.push(position));
    const reader = open('c', { readonly: true });
    const written: Position[] = [];
    for (let count = 1; count <= 50; count += 1) {
      const position = write('a', `early ${count}`);
      written.push(position as Position);
      await untilSame(position, 'b', 'c');
      expect(read(reader)).toHaveLength(count);
    }
    close(reader);
    await until(() => expect(commits).toEqual(written));
    stop();
  });

  it('is copied whole on a replica while the primary writes, each time with the exact position', async () => {
    const writer = open('a');
    writer.exec('CREATE TABLE filler (bytes BLOB) STRICT');
    writer.exec('INSERT INTO filler VALUES (zeroblob(4000000))');
    const insert = writer.prepare('INSERT INTO seen VALUES (?)');
    // By position, how many rows there were.
    const rows = new Map<string, number>();
    let isOver = false;
    const writing = (async () => {
      for (let count = read(writer).length + 1; !isOver; count += 1) {
        insert.run(`copied ${count}`);
        rows.set(JSON.stringify(fleet.a.cluster.position()), count);
        await delay(1);
      }
    })();
    const { litefs } = fleet.c;
    await until(() => expect(fleet.c.cluster.position()?.txid).toBe(lastTxid(rows)));
    for (const attempt of [1, 2, 3]) {
      const target = join(folder, `copy-${attempt}`);
      mkdirSync(target);
      const copier = new LiteFsCopier({ litefsUrl: litefs.url, litefsDir: litefs.mount });
      const signal = AbortSignal.timeout(60_000);
      const copies = await copier.copyInto(target, ['clicks', 'links'], signal);
      expect(Object.keys(copies)).toEqual(['links']);
      const copy = new Database(join(target, 'links.db'), { readonly: true });
      expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(read(copy)).toHaveLength(rows.get(JSON.stringify(copies.links?.position)) as number);
      copy.close();
    }
    isOver = true;
    await writing;
    close(writer);
    await untilSame(fleet.a.cluster.position(), 'b', 'c');
  });

  it('follows a handoff, without a word too many', async () => {
    for (const name of nodes) fleet[name].roles.length = 0;
    await fleet.b.litefs.promote();
    await untilRole('b', { is: 'primary' });
    await untilRole('a', { is: 'replica', primary: 'b' });
    await untilRole('c', { is: 'replica', primary: 'b' });
    expect(fleet.b.roles).toEqual([{ is: 'detached' }, { is: 'primary' }]);
    for (const name of ['a', 'c'] as const) expectFollowed(fleet[name].roles, 'b');
    await untilSame(write('b', 'after the handoff'), 'a', 'c');
    for (const name of nodes) expect(fleet[name].deaths).toEqual([]);
  });

  it('notices that its primary is gone, says so once, and follows the next one', async () => {
    for (const name of nodes) fleet[name].roles.length = 0;
    await fleet.b.litefs.kill();
    await untilRole('c', { is: 'detached' });
    // Several tries of a dead primary go by: one a second, each of which LiteFS tells.
    const tries = () => fleet.c.litefs.log().split('connect to primary').length;
    const before = tries();
    await until(() => expect(tries()).toBeGreaterThan(before + 3));
    expect(fleet.c.roles).toEqual([{ is: 'detached' }]);
    expect(fleet.c.cluster.position()).toBeDefined();

    await consul.destroySessions();
    await untilRole('a', { is: 'primary' });
    await untilRole('c', { is: 'replica', primary: 'a' });
    expect(fleet.c.roles).toEqual([{ is: 'detached' }, { is: 'replica', primary: 'a' }]);
    await untilSame(write('a', 'after the election'), 'c');
  });

  it('notices within a second, without traffic, that its own LiteFS was killed', async () => {
    expect(fleet.b.deaths).toHaveLength(1);
    expect(fleet.b.deaths[0]?.message).toContain(fleet.b.litefs.mount);
    expect(fleet.b.cluster.position()).toBeUndefined();

    const { litefs, deaths } = fleet.c;
    await litefs.kill();
    await until(() => expect(deaths).toHaveLength(1), 1000);
    await beginAgain('c');
    await untilRole('c', { is: 'replica', primary: 'a' });
    await untilSame(fleet.a.cluster.position(), 'c');
  });

  it('notices that its LiteFS was ended in order, too', async () => {
    const { litefs, deaths } = fleet.c;
    await litefs.stop();
    await until(() => expect(deaths).toHaveLength(1), 1000);
    await beginAgain('c');
    await untilRole('c', { is: 'replica', primary: 'a' });
  });

  it('rejoins after a crash', async () => {
    await beginAgain('b');
    await untilRole('b', { is: 'replica', primary: 'a' });
    await untilSame(fleet.a.cluster.position(), 'b');
    expect(fleet.b.deaths).toEqual([]);
  });

  it('keeps what it knows while its LiteFS hangs, and is not held up by it', async () => {
    const { litefs, cluster, roles } = fleet.c;
    const position = cluster.position();
    roles.length = 0;
    // A read that waits for LiteFS would stop this process, which then could not wake LiteFS itself.
    const waker = spawn('sh', ['-c', `sleep 15; kill -CONT ${litefs.pid}`], { stdio: 'ignore' });
    try {
      litefs.signal('SIGSTOP');
      // The lag is no longer told when the reads that renew it hang.
      await until(() => {
        expect(cluster.position()).toBe(position);
        expect(cluster.lagMs()).toBeUndefined();
      });
      expect(waker.exitCode).toBeNull();
      expect(roles).toEqual([]);
      litefs.signal('SIGCONT');
      await until(() => expect(cluster.lagMs()).toBeDefined());
      await untilSame(write('a', 'after the hang'), 'c');
      expect(fleet.c.deaths).toEqual([]);
    } finally {
      litefs.signal('SIGCONT');
      const ended = once(waker, 'exit');
      waker.kill();
      await ended;
    }
  });

  it('has the right position after a reset, where an open handle shows old rows until it sheds its pages', async () => {
    // Alone, a writes what nobody gets. Then its session ends, b leads and writes something else under the same txid.
    await fleet.b.litefs.kill();
    await fleet.c.litefs.kill();
    const lost = write('a', 'lost');
    const handle = open('a', { readonly: true });
    expect(read(handle)).toContain('lost');
    await consul.destroySessions();
    await beginAgain('b');
    await untilRole('b', { is: 'primary' });
    const kept = write('b', 'kept');
    expect(kept?.txid).toBe(lost?.txid);
    expect(kept?.checksum).not.toBe(lost?.checksum);

    await untilRole('a', { is: 'replica', primary: 'b' });
    await untilSame(kept, 'a');
    expect(read(handle), 'the stale pages that the next line sheds').toContain('lost');
    handle.pragma('shrink_memory');
    expect(read(handle)).toContain('kept');
    expect(read(handle)).not.toContain('lost');
    close(handle);
    expect(fleet.a.deaths).toEqual([]);

    await beginAgain('c');
    await untilRole('c', { is: 'replica', primary: 'b' });
    await untilSame(kept, 'c');
  });
});

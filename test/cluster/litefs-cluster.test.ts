import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LiteFsCluster, startLiteFsCluster } from '../../src/cluster/litefs-cluster.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Role } from '../../src/domain/role.ts';
import { eventually } from '../support/eventually.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { FakeMount, positionAt } from '../support/fake-mount.ts';

const primary: Role = { is: 'primary' };
const replicaOfA: Role = { is: 'replica', primary: 'a' };
const detached: Role = { is: 'detached' };
const joining: Role = { is: 'joining' };

describe('a node on LiteFS', () => {
  let litefs: FakeLiteFs;
  let mount: FakeMount;
  let cluster: LiteFsCluster;
  let roles: Role[];
  let commits: [string, Position][];
  const onDeadMount = vi.fn();

  beforeEach(async () => {
    litefs = await FakeLiteFs.start({ isPrimary: false, hostname: 'a' });
    mount = new FakeMount();
    onDeadMount.mockReset();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await litefs[Symbol.asyncDispose]();
    mount[Symbol.dispose]();
  });

  async function start(tickMs = 20): Promise<void> {
    cluster = await startLiteFsCluster({
      node: 'me',
      region: 'ams',
      litefsDir: mount.directory,
      litefsUrl: litefs.url,
      peerUrl: 'http://{node}.test:8081',
      log: pino({ level: 'silent' }),
      onDeadMount,
      tickMs,
    });
    roles = [];
    commits = [];
    cluster.onRole((role) => roles.push(role));
    cluster.onCommit((database, position) => commits.push([database, position]));
  }

  describe('tells its role', () => {
    it('as joining until the first copy is there, then as a replica', async () => {
      await start();
      expect(cluster.role()).toEqual(joining);
      expect(cluster.position()).toBeUndefined();
      mount.setPosition(positionAt(1));
      litefs.commit(positionAt(1));
      await eventually(() => expect(roles).toEqual([replicaOfA]));
      expect(cluster.position()).toEqual(positionAt(1));
    });

    it('as joining while the copy is an empty one that somebody opened by mistake', async () => {
      mount.setPosition(positionAt(0));
      await start();
      expect(cluster.role()).toEqual(joining);
      expect(cluster.position()).toBeUndefined();
    });

    it('as a replica when the copy came without an event', async () => {
      await start();
      mount.setPosition(positionAt(1));
      await eventually(() => expect(cluster.role()).toEqual(replicaOfA));
    });

    it('as primary before there is a database', async () => {
      litefs.info = { isPrimary: true };
      await start();
      expect(cluster.role()).toEqual(primary);
      expect(cluster.lagMs()).toBe(0);
    });

    it('through a handoff, with every change told once', async () => {
      mount.setPosition(positionAt(1));
      await start();
      expect(cluster.role()).toEqual(replicaOfA);
      litefs.setLease({ isPrimary: false });
      litefs.setLease({ isPrimary: true });
      litefs.setLease({ isPrimary: true });
      litefs.setLease({ isPrimary: false });
      litefs.setLease({ isPrimary: false, hostname: 'b' });
      const replicaOfB = { is: 'replica', primary: 'b' };
      await eventually(() => expect(roles).toEqual([detached, primary, detached, replicaOfB]));
    });

    it('as detached, not as primary, when .primary is absent', async () => {
      mount.setPosition(positionAt(1));
      litefs.info = { isPrimary: false };
      await start();
      expect(cluster.role()).toEqual(detached);
    });

    it('as a replica of the node in .primary when events do not name it', async () => {
      mount.setPosition(positionAt(1));
      mount.setPrimaryName('a');
      litefs.info = { isPrimary: false };
      await start();
      await eventually(() => expect(cluster.role()).toEqual(replicaOfA));
    });

    it('as detached when .primary names no node', async () => {
      mount.setPosition(positionAt(1));
      mount.setPrimaryName('a\r\nfly-replay: app=evil');
      litefs.info = { isPrimary: false };
      await start();
      litefs.commit(positionAt(1));
      await eventually(() => expect(commits).toHaveLength(1));
      expect(cluster.role()).toEqual(detached);
    });

    it('as before through a stream that breaks and is opened again', async () => {
      mount.setPosition(positionAt(1));
      await start();
      litefs.cutStreams();
      await eventually(() => expect(litefs.opened).toBe(2));
      litefs.commit(positionAt(1));
      await eventually(() => expect(litefs.streams).toBe(1));
      expect(roles).toEqual([]);
      expect(onDeadMount).not.toHaveBeenCalled();
    });

    it('as detached when LiteFS stops answering though the mount is alive', async () => {
      mount.setPosition(positionAt(1));
      await start();
      await litefs.die();
      await eventually(() => expect(roles).toEqual([detached]));
      expect(cluster.position()).toEqual(positionAt(1));
    });

    it('no longer to a listener that left', async () => {
      mount.setPosition(positionAt(1));
      await start();
      const heard: Role[] = [];
      const leave = cluster.onRole((role) => heard.push(role));
      leave();
      litefs.setLease({ isPrimary: true });
      await eventually(() => expect(roles).toEqual([primary]));
      expect(heard).toEqual([]);
    });
  });

  describe('tells its position', () => {
    beforeEach(async () => {
      mount.setPosition(positionAt(1));
      await start();
    });

    it('as it is in the file at every moment', () => {
      for (let txid = 2; txid < 50; txid += 1) {
        mount.setPosition(positionAt(txid, txid * 3));
        expect(cluster.position()).toEqual(positionAt(txid, txid * 3));
      }
    });

    it('as the same object while it is the same', () => {
      expect(cluster.position()).toBe(cluster.position());
    });

    it('as a new one when only the checksum differs', () => {
      const before = cluster.position();
      mount.setPosition(positionAt(1, 9));
      expect(cluster.position()).not.toEqual(before);
    });

    it('from a file that is opened afresh while the stream is away', async () => {
      expect(cluster.position()).toEqual(positionAt(1));
      await litefs.die();
      await eventually(() => expect(cluster.role()).toEqual(detached));
      expect(cluster.position()).toEqual(positionAt(1));
      // A new file under the same name: a descriptor kept open would show the old one.
      mount.remove('links.db-pos');
      mount.setPosition(positionAt(5));
      expect(cluster.position()).toEqual(positionAt(5));
    });

    it.each(['', '0000000000000002', 'x'.repeat(34)])('not out of %j', (text) => {
      mount.write('links.db-pos', text);
      expect(cluster.position()).toBeUndefined();
    });

    it('and hands on commits of every database', async () => {
      litefs.commit(positionAt(2));
      litefs.commit(positionAt(3), 'clicks.db');
      await eventually(() =>
        expect(commits).toEqual([
          ['links.db', positionAt(2)],
          ['clicks.db', positionAt(3)],
        ]),
      );
    });
  });

  describe('tells its lag', () => {
    beforeEach(() => mount.setPosition(positionAt(1)));

    it.each([
      [0, 0],
      [1234, 1234],
      [-40, 0],
      [2_147_483_647, undefined],
    ])('%d in the file is %s', async (inFile, told) => {
      mount.setLag(7);
      await start();
      await eventually(() => expect(cluster.lagMs()).toBe(7));
      mount.setLag(inFile);
      await eventually(() => expect(cluster.lagMs()).toBe(told));
    });

    it('as unknown when there is no file', async () => {
      await start();
      expect(cluster.lagMs()).toBeUndefined();
    });
  });

  describe('on a mount that LiteFS is gone from', () => {
    beforeEach(async () => {
      mount.setPosition(positionAt(1));
    });

    it('reports it once, without traffic, the moment the stream closes', async () => {
      await start(3_600_000);
      mount.die();
      expect(onDeadMount).not.toHaveBeenCalled();
      await litefs.die();
      await eventually(() => expect(onDeadMount).toHaveBeenCalled());
      expect(cluster.position()).toBeUndefined();
      expect(onDeadMount).toHaveBeenCalledOnce();
    });

    it('reports it when the mount dies after the stream, without waiting for the next tick', async () => {
      await start(3_600_000);
      await litefs.die();
      await eventually(() => expect(roles).toEqual([detached]));
      mount.die();
      await eventually(() => expect(onDeadMount).toHaveBeenCalledOnce());
    });

    it('reports it on a node that has never heard of its LiteFS', async () => {
      await litefs.die();
      await start(3_600_000);
      mount.die();
      await eventually(() => expect(onDeadMount).toHaveBeenCalledOnce());
    });

    it('reports it at the first read of a position', async () => {
      await start(3_600_000);
      await litefs.die();
      await eventually(() => expect(roles).toEqual([detached]));
      mount.die();
      expect(cluster.position()).toBeUndefined();
      expect(onDeadMount).toHaveBeenCalledOnce();
    });
  });

  it('starts without LiteFS and finds it later', async () => {
    mount.setPosition(positionAt(1));
    await litefs.die();
    const { port } = new URL(litefs.url);
    await start();
    expect(cluster.role()).toEqual(detached);
    litefs = await FakeLiteFs.start({ isPrimary: true }, Number(port));
    await eventually(() => expect(roles).toEqual([primary]));
  });

  it('knows where the private ports are', async () => {
    await start();
    expect(cluster.privateUrl('a')).toBe('http://a.test:8081');
  });
});

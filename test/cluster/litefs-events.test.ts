import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LiteFsEvents } from '../../src/cluster/litefs-events.ts';
import { eventually } from '../support/eventually.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { positionAt } from '../support/fake-mount.ts';

describe('the client of the event stream', () => {
  let litefs: FakeLiteFs;
  let events: LiteFsEvents;
  let told: unknown[];

  beforeEach(async () => {
    litefs = await FakeLiteFs.start({ isPrimary: false, hostname: 'a' });
    told = [];
  });

  afterEach(async () => {
    await events[Symbol.asyncDispose]();
    await litefs[Symbol.asyncDispose]();
  });

  function follow(): void {
    events = new LiteFsEvents({
      litefsUrl: litefs.url,
      log: pino({ level: 'silent' }),
      infoIntervalMs: 10,
      listener: {
        connected: (lease) => told.push(['connected', lease]),
        leaseChanged: (lease) => told.push(['lease', lease]),
        committed: (database, position) => told.push(['tx', database, position]),
        disconnected: () => told.push(['disconnected']),
      },
    });
  }

  const until = (what: unknown) => eventually(() => expect(told).toContainEqual(what));
  const followsA = ['connected', { isPrimary: false, hostname: 'a' }];

  it('hands out what the stream says', async () => {
    follow();
    await until(followsA);
    litefs.commit(positionAt(7));
    litefs.setLease({ isPrimary: true });
    await until(['lease', { isPrimary: true, hostname: undefined }]);
    expect(told).toEqual([
      followsA,
      ['tx', 'links.db', positionAt(7)],
      ['lease', { isPrimary: true, hostname: undefined }],
    ]);
  });

  it('opens the stream again when it ends', async () => {
    follow();
    await until(followsA);
    litefs.cutStreams();
    await eventually(() => expect(told).toEqual([followsA, ['disconnected'], followsA]));
  });

  it('goes on trying while LiteFS is away', async () => {
    const url = litefs.url;
    await litefs.die();
    follow();
    const { port } = new URL(url);
    const again = await FakeLiteFs.start({ isPrimary: true }, Number(port));
    try {
      await until(['connected', { isPrimary: true, hostname: undefined }]);
    } finally {
      await again[Symbol.asyncDispose]();
    }
  });

  it('does not count a stream that /info contradicts', async () => {
    litefs.info = { isPrimary: true };
    litefs.initSays = { isPrimary: false, hostname: 'a' };
    follow();
    await eventually(() => expect(litefs.opened).toBeGreaterThan(1));
    expect(told).toEqual([]);
    litefs.initSays = undefined;
    await until(['connected', { isPrimary: true, hostname: undefined }]);
  });

  it('does not count a stream while /info has no answer', async () => {
    litefs.infoAnswer = 500;
    follow();
    await eventually(() => expect(litefs.opened).toBeGreaterThan(1));
    expect(told).toEqual([]);
    litefs.infoAnswer = 200;
    await until(followsA);
  });

  it('finds a stream that went silent', async () => {
    follow();
    await until(followsA);
    litefs.info = { isPrimary: true };
    await until(['connected', { isPrimary: true, hostname: undefined }]);
    expect(told).toEqual([
      followsA,
      ['disconnected'],
      ['connected', { isPrimary: true, hostname: undefined }],
    ]);
  });

  it('finds a stream that went silent about a new primary', async () => {
    follow();
    await until(followsA);
    litefs.info = { isPrimary: false, hostname: 'b' };
    await until(['connected', { isPrimary: false, hostname: 'b' }]);
  });

  it('keeps a stream while LiteFS hangs', async () => {
    follow();
    await until(followsA);
    litefs.infoAnswer = 'hang';
    const asked = litefs.infoAsked;
    await eventually(() => expect(litefs.infoAsked).toBeGreaterThan(asked + 1));
    expect(told).toEqual([followsA]);
  });

  it.each([
    ['garbage', 'garbage\n'],
    ['half an event that is then cut', '{"type":"tx","db":"li\n'],
    ['a line without an end', 'x'.repeat(70_000)],
  ])('opens the stream again after %s', async (_, text) => {
    follow();
    await until(followsA);
    litefs.write(text);
    await eventually(() => expect(told).toEqual([followsA, ['disconnected'], followsA]));
  });

  it('joins half lines', async () => {
    follow();
    await until(followsA);
    litefs.write('{"type":"primaryChange","da');
    await eventually(() => expect(litefs.infoAsked).toBeGreaterThan(3));
    litefs.info = { isPrimary: true };
    litefs.write('ta":{"isPrimary":true}}\n');
    await until(['lease', { isPrimary: true, hostname: undefined }]);
    expect(told).toHaveLength(2);
  });

  it('passes over events of a newer LiteFS', async () => {
    follow();
    await until(followsA);
    litefs.say({ type: 'moonPhase', data: {} });
    litefs.commit(positionAt(1), 'clicks.db');
    await until(['tx', 'clicks.db', positionAt(1)]);
    expect(told).toHaveLength(2);
  });

  it('does not count a stream that begins with anything but init', async () => {
    litefs.saysInit = false;
    follow();
    await eventually(() => expect(litefs.streams).toBe(1));
    litefs.setLease({ isPrimary: false, hostname: 'a' });
    litefs.saysInit = true;
    await until(followsA);
    expect(told).toEqual([followsA]);
    expect(litefs.opened).toBe(2);
  });

  it('closes its stream when it is closed itself', async () => {
    follow();
    await until(followsA);
    await events[Symbol.asyncDispose]();
    await eventually(() => expect(litefs.streams).toBe(0));
    const { opened } = litefs;
    expect(opened).toBe(1);
  });
});

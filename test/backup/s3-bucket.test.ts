import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bucket } from '../../src/backup/bucket/bucket.ts';
import { openBucket, openS3Bucket } from '../../src/backup/bucket/open-bucket.ts';
import type { S3Bucket } from '../../src/backup/bucket/s3-bucket.ts';
import type { S3Access } from '../../src/domain/backup-place.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { bucketFailureOf } from '../support/bucket-failure.ts';
import { type BucketProxy, inTurn, startBucketProxy } from '../support/bucket-proxy.ts';
import { describeBucket } from '../support/bucket-suite.ts';
import { listen } from '../support/listen.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

/** As patient as usual, but quicker. */
const patience = { attempts: 6, firstWaitMs: 1, attemptMs: 10_000, callMs: 60_000 };
const hourMs = 3_600_000;

let server: S3Server;
let proxy: BucketProxy;
let count = 0;

beforeAll(async () => {
  server = await startS3Server();
  proxy = await startBucketProxy(server.url);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

interface Options {
  readonly access?: Partial<S3Access>;
  readonly clock?: Clock;
  readonly patience?: Partial<typeof patience>;
  readonly bucket?: string;
}

/** A bucket under a prefix of its own, behind the proxy. */
function open(options: Options = {}): S3Bucket {
  count += 1;
  proxy.heal();
  return openS3Bucket(
    {
      place: {
        in: 's3',
        bucket: options.bucket ?? server.bucket,
        prefix: `of-test/${count}`,
      },
      s3: { ...server.access(proxy.url), ...options.access },
    },
    {
      patience: { ...patience, ...options.patience },
      ...(options.clock && { clock: options.clock }),
    },
  );
}

/** A clock that is wrong by so much. */
function clockOff(hours: number): Clock {
  return { now: () => Date.now() + hours * hourMs, monotonicMs: () => performance.now() };
}

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

describe('a bucket of S3', () => {
  describeBucket(() => open());

  test('lists more than one page holds', async () => {
    const bucket = open();
    const keys = Array.from({ length: 7 }, (_, at) => `parts/${at}`);
    for (const key of keys) await bucket.write(key, Buffer.from(key));
    const paged = await startPagingProxy(proxy.url, 2);
    try {
      const few = openBucket(
        { place: server.place(`of-test/${count}`), s3: server.access(paged.url) },
        { patience },
      );
      expect((await few.list('')).map(({ key }) => key)).toEqual(keys);
      expect(paged.pages()).toBe(4);
    } finally {
      await paged[Symbol.asyncDispose]();
    }
  });

  test('two prefixes of one bucket do not see each other, also where one begins as the other', async () => {
    const [a, ab] = ['p/a', 'p/ab'].map((prefix) =>
      openBucket({ place: server.place(prefix), s3: server.access() }, { patience }),
    ) as [Bucket, Bucket];
    await a.write('x', Buffer.from('a'));
    await ab.write('y', Buffer.from('b'));
    expect((await a.list('')).map(({ key }) => key)).toEqual(['x']);
    expect(await a.read('y')).toBeUndefined();
  });

  test('what was damaged where it lies is read as it lies: whoever reads has a hash', async () => {
    const bucket = open();
    await bucket.write('parts/a', Buffer.from('as written'));
    writeFileSync(join(server.folder, `of-test/${count}/parts/a`), 'as damaged');
    expect(text(await bucket.read('parts/a'))).toBe('as damaged');
  });

  test('a bucket that is known by its host name alone, as at Tigris', async () => {
    const name = 'fly.storage.tigris.dev';
    const tigris = await startS3Server('127.0.0.1', { byHostName: name });
    const restore = resolveTo('127.0.0.1', `backups.${name}`);
    try {
      const endpoint = tigris.url.replace('127.0.0.1', name);
      const bucket = openBucket(
        { place: tigris.place('hoplite'), s3: tigris.access(endpoint) },
        { patience },
      );
      await bucket.write('parts/a', Buffer.from('a'));
      expect(text(await bucket.read('parts/a'))).toBe('a');
      expect(await bucket.list('parts/')).toHaveLength(1);
      await bucket.remove(['parts/a']);
      expect(await bucket.list('')).toEqual([]);
    } finally {
      restore();
      await tigris[Symbol.asyncDispose]();
    }
  });

  test('what is stored is asked for as it is, not compressed on the way', async () => {
    const asked: unknown[] = [];
    const listening = await listen((incoming, answer) => {
      asked.push(incoming.headers['accept-encoding']);
      answer.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    });
    try {
      const s3 = server.access(`http://127.0.0.1:${listening.port}`);
      const bucket = openBucket({ place: server.place(), s3 }, { patience });
      expect(await bucket.read('parts/a')).toBeUndefined();
      expect(asked).toEqual(['identity']);
    } finally {
      await listening[Symbol.asyncDispose]();
    }
  });

  test('a region that is not said is taken from the server', async () => {
    const bucket = open({ access: { region: 'auto' } });
    await bucket.write('parts/a', Buffer.from('a'));
    expect(text(await bucket.read('parts/a'))).toBe('a');
  });
});

describe('what passes', () => {
  const busy = { is: 'refused', status: 503, code: 'SlowDown' } as const;

  test.each([
    ['a busy server', busy],
    ['an inner error', { is: 'refused', status: 500, code: 'InternalError' }],
    ['too many requests', { is: 'refused', status: 429, code: 'TooManyRequests' }],
    ['a torn answer', { is: 'torn answer' }],
    ['a short answer', { is: 'short answer' }],
    ['a changed answer', { is: 'changed answer' }],
    ['an answer that does not come', { is: 'unanswered' }],
    ['a page of something else', { is: 'page', status: 200 }],
    ['a page that says 404', { is: 'page', status: 404 }],
    ['a gateway that has lost its server', { is: 'page', status: 502 }],
  ] as const)('%s is survived by every call, and nothing is made up', async (_, fault) => {
    const bucket = open();
    const twice = () => proxy.inject(inTurn(fault, fault));
    twice();
    await bucket.write('parts/a', Buffer.from('as written'));
    twice();
    expect(text(await bucket.read('parts/a'))).toBe('as written');
    twice();
    expect((await bucket.list('')).map(({ key, bytes }) => [key, bytes])).toEqual([
      ['parts/a', 10],
    ]);
    twice();
    await bucket.remove(['parts/a']);
    proxy.heal();
    expect(await bucket.list('')).toEqual([]);
  });

  test.each(['torn upload', 'changed upload'] as const)(
    'a %s is refused by the server and sent again',
    async (is) => {
      const bucket = open();
      proxy.inject(inTurn({ is }, { is }));
      const body = Buffer.alloc(300_000, 'a');
      await bucket.write('parts/a', body);
      const sent = proxy.requests.filter(({ key }) => key.endsWith(`/${count}/parts/a`));
      expect(sent.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
      expect(text(await bucket.read('parts/a'))).toBe(body.toString());
    },
  );

  test('a server that is slow is waited for, one that is mute is asked again', async () => {
    const bucket = open({ patience: { attemptMs: 300 } });
    proxy.inject(inTurn({ is: 'late', ms: 50 }, { is: 'mute', passedOn: true }));
    await bucket.write('parts/a', Buffer.from('a'));
    expect(text(await bucket.read('parts/a'))).toBe('a');
  });

  test('a server that restarts is found again', async () => {
    const bucket = open({ patience: { firstWaitMs: 50 } });
    await bucket.write('parts/a', Buffer.from('a'));
    await server.kill();
    const read = bucket.read('parts/a');
    await server.restart();
    expect(text(await read)).toBe('a');
  });

  test('a call ends when it is called off, also between two attempts', async () => {
    const bucket = open({ patience: { firstWaitMs: 60_000, callMs: 600_000 } });
    const controller = new AbortController();
    const reason = new Error('called off');
    proxy.inject(() => {
      setImmediate(() => controller.abort(reason));
      return busy;
    });
    await expect(bucket.read('parts/a', controller.signal)).rejects.toBe(reason);
  });
});

describe('what stays is a failure that says what to mend', () => {
  test.each<[string, Options, string, string]>([
    [
      'a key that nobody knows',
      { access: { accessKeyId: 'nobody' } },
      'denied',
      'AWS_ACCESS_KEY_ID is not known at http://127.0.0.1:',
    ],
    [
      'a wrong secret',
      { access: { secretAccessKey: 'wrong' } },
      'denied',
      'AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID. (403 SignatureDoesNotMatch)',
    ],
    [
      'a wrong region',
      { access: { region: 'eu-1' } },
      'denied',
      'the bucket is in another region: set AWS_REGION to test-1.',
    ],
    [
      'a bucket that is gone',
      { bucket: 'gone' },
      'no_bucket',
      'there is no bucket gone at http://127.0.0.1:',
    ],
    [
      'a name that is not known',
      { access: { endpoint: 'http://hoplite.invalid' }, patience: { attempts: 2 } },
      'unreachable',
      'the name in http://hoplite.invalid is not known: mend AWS_ENDPOINT_URL_S3, or DNS.',
    ],
    [
      'a port where nobody listens',
      { access: { endpoint: 'http://127.0.0.1:1' }, patience: { attempts: 2 } },
      'unreachable',
      'http://127.0.0.1:1 does not answer, or not to the end: is it up, and does AWS_ENDPOINT_URL_S3 lead there?',
    ],
  ])('%s', async (_, options, kind, sentence) => {
    const bucket = open(options);
    const calls: [string, () => Promise<unknown>][] = [
      ['be listed', () => bucket.list('')],
      ['give parts/a', () => bucket.read('parts/a')],
      ['store parts/a', () => bucket.write('parts/a', Buffer.from('a'))],
      ['remove parts/a', () => bucket.remove(['parts/a'])],
      ['be reached', () => bucket.nowMs()],
    ];
    for (const [what, call] of calls) {
      const failure = await bucketFailureOf(call());
      expect(failure.message).toContain(`${bucket.name} cannot ${what}: `);
      expect(failure.message).toContain(sentence);
      expect(failure.kind).toBe(kind);
      expect(failure.message).not.toContain(server.access().secretAccessKey);
    }
  });

  test('a server that may only be read is read, and nothing is tried twice', async () => {
    const bucket = open();
    await bucket.write('parts/a', Buffer.from('a'));
    await server.restart({ isReadOnly: true });
    try {
      const before = proxy.requests.length;
      const failure = await bucketFailureOf(bucket.write('parts/b', Buffer.from('b')));
      expect(failure.kind).toBe('denied');
      expect(failure.message).toContain('give it s3:PutObject for the bucket backups');
      expect(proxy.requests.length).toBe(before + 1);
      expect(text(await bucket.read('parts/a'))).toBe('a');
    } finally {
      await server.restart();
    }
  });

  test('a quota that is used up; what was there stays', async () => {
    const bucket = open();
    proxy.limit(100);
    try {
      await bucket.write('parts/a', Buffer.alloc(90));
      const failure = await bucketFailureOf(bucket.write('parts/a', Buffer.alloc(20)));
      expect(failure.kind).toBe('full');
      expect(failure.message).toContain('make room there, or raise the quota. (403 QuotaExceeded)');
      expect((await bucket.read('parts/a'))?.length).toBe(90);
    } finally {
      proxy.limit(undefined);
    }
  });

  test('a server that is busy all the time, after a bounded number of attempts', async () => {
    const bucket = open();
    const before = proxy.requests.length;
    proxy.inject(() => ({ is: 'refused', status: 503, code: 'SlowDown' }));
    const failure = await bucketFailureOf(bucket.write('parts/a', Buffer.from('a')));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/cannot do it now\. \(503 SlowDown\) It was tried 6 times\.$/);
    expect(proxy.requests.length).toBe(before + 6);
    proxy.heal();
    expect(await bucket.list('')).toEqual([]);
  });

  test('a server that does not answer in time', async () => {
    const bucket = open({ patience: { attemptMs: 100, callMs: 250 } });
    proxy.inject(() => ({ is: 'mute', passedOn: false }));
    const failure = await bucketFailureOf(bucket.read('parts/a'));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toContain('did not answer within 0.1 s');
    expect(failure.message).toMatch(/tried [23] times/);
  });

  test.each([
    [200, 'does AWS_ENDPOINT_URL_S3 lead to'],
    [404, 'is no S3 server: mend AWS_ENDPOINT_URL_S3'],
    [301, 'is no S3 server: mend AWS_ENDPOINT_URL_S3'],
  ])('a web server in its place that answers %i has no empty bucket', async (status, sentence) => {
    const bucket = open();
    proxy.inject(() => ({ is: 'page', status }));
    for (const call of [
      () => bucket.list(''),
      () => bucket.read('parts/a'),
      () => bucket.write('parts/a', Buffer.from('a')),
    ]) {
      const failure = await bucketFailureOf(call());
      expect(failure.kind).toBe('answer');
      expect(failure.message).toContain(sentence);
    }
  });

  test('a listing that is cut short each time is none', async () => {
    const bucket = open();
    for (const key of ['a', 'b', 'c']) await bucket.write(key, Buffer.from(key));
    for (const is of ['torn answer', 'short answer'] as const) {
      proxy.inject(() => ({ is }));
      await bucketFailureOf(bucket.list(''));
    }
  });

  test('a bucket whose folder is removed behind its back', async () => {
    const other = await startS3Server();
    try {
      const bucket = openBucket({ place: other.place('x'), s3: other.access() }, { patience });
      await bucket.write('a', Buffer.from('a'));
      rmSync(other.folder, { recursive: true });
      for (const call of [
        () => bucket.list(''),
        () => bucket.read('a'),
        () => bucket.write('b', Buffer.from('b')),
      ]) {
        expect((await bucketFailureOf(call())).kind).toBe('no_bucket');
      }
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });
});

describe('clocks', () => {
  test.each([-30, -5, 5, 30])(
    'a machine %i h off does all, by the clock of the bucket',
    async (hours) => {
      const bucket = open({ clock: clockOff(hours) });
      const before = proxy.requests.length;
      await bucket.write('parts/a', Buffer.from('a'));
      expect(text(await bucket.read('parts/a'))).toBe('a');
      expect(await bucket.list('')).toHaveLength(1);
      expect(Math.abs((await bucket.nowMs()) - Date.now())).toBeLessThan(60_000);
      // Only the first request had to be signed twice.
      expect(proxy.requests.length).toBe(before + 5);
    },
  );

  test('a clock that is set right later is noticed', async () => {
    let hours = 7;
    const bucket = open({ clock: { ...clockOff(0), now: () => Date.now() + hours * hourMs } });
    await bucket.write('parts/a', Buffer.from('a'));
    hours = 0;
    expect(text(await bucket.read('parts/a'))).toBe('a');
  });

  test('a bucket that refuses our clock and tells a wrong one is a failure about clocks', async () => {
    const bucket = open({ clock: clockOff(9) });
    proxy.inject(() => ({ is: 'other clock', hours: -9 }));
    const failure = await bucketFailureOf(bucket.write('parts/a', Buffer.from('a')));
    expect(failure.kind).toBe('answer');
    expect(failure.message).toContain("set this machine's clock");
    expect(failure.message).toContain('RequestTimeTooSkewed');
  });

  test.each([-9, 9])(
    'a clock that is %i h off in answers alone is not taken for the time',
    async (hours) => {
      const bucket = open();
      proxy.inject(() => ({ is: 'other clock', hours }));
      await bucket.write('parts/a', Buffer.from('a'));
      expect(text(await bucket.read('parts/a'))).toBe('a');
      const failure = await bucketFailureOf(bucket.nowMs());
      expect(failure.kind).toBe('answer');
      expect(failure.message).toContain('one of the clocks is wrong');
    },
  );
});

/** Has the server answer with so many keys a page, by asking for them under a signature of its own: of itself it gives 1,000. */
async function startPagingProxy(target: string, pageSize: number) {
  let pages = 0;
  const { accessKeyId, secretAccessKey, region } = server.access();
  const aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3' });
  const listening = await listen(async (incoming, answer) => {
    const url = new URL(incoming.url ?? '/', target);
    url.searchParams.set('max-keys', `${pageSize}`);
    const got = await aws.fetch(url.href, { method: incoming.method ?? 'GET' });
    pages += 1;
    answer.writeHead(got.status, { date: new Date().toUTCString() }).end(await got.text());
  });
  return {
    url: `http://127.0.0.1:${listening.port}`,
    pages: () => pages,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

/** Has `fetch` find one name at an address, and no other name at all, until the result is called. */
function resolveTo(address: string, name: string): () => void {
  const key = Symbol.for('undici.globalDispatcher.1') as unknown as 'dispatcher';
  const holder = globalThis as unknown as { dispatcher: object };
  const before = holder[key];
  type Found = (error: Error | null, found?: { address: string; family: 4 }[]) => void;
  const lookup = (asked: string, _: unknown, found: Found) =>
    asked === name ? found(null, [{ address, family: 4 }]) : found(new Error(`asked for ${asked}`));
  const Agent = before.constructor as new (options: object) => object;
  holder[key] = new Agent({ connect: { lookup } });
  return () => {
    holder[key] = before;
  };
}

describe('an object that is read as it comes', () => {
  const fetchSigned = async (bucket: S3Bucket) => {
    const request = await bucket.signRead('app.db');
    return request && (await fetch(request.url, { headers: request.headers })).text();
  };

  test('is had with the signature, also where the clock and the region are wrong', async () => {
    const bucket = open({ clock: clockOff(5), access: { region: 'auto' } });
    await bucket.write('app.db', Buffer.from('all of it'));
    expect(await fetchSigned(bucket)).toBe('all of it');
    const late = open({ clock: clockOff(-5) });
    expect(await late.signRead('app.db')).toBeUndefined();
    await late.write('app.db', Buffer.from('too'));
    expect(await fetchSigned(late)).toBe('too');
    await late.write('app.db', Buffer.alloc(0));
    expect(await fetchSigned(late)).toBe('');
  });

  test('is refused in the words of every other call', async () => {
    const bucket = open({ access: { secretAccessKey: 'wrong' } });
    expect((await bucketFailureOf(bucket.signRead('app.db'))).kind).toBe('denied');
  });
});

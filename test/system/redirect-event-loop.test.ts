import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { destinationOf, slugOf } from '../../scripts/bench/slugs.ts';
import type { LoopReading } from '../support/loop-probe.ts';
import { ProbedApp } from '../support/probed-app.ts';
import { openRaw, rawRequest } from '../support/raw-http.ts';
import { follow, send } from '../support/send.ts';

const linkCount = 20_000;
/** How long each kind of work is done, and nothing in the run that others are compared with. */
const workMs = 4_000;
/** A turn counts when six others were as long: what happens once may be the collector of garbage. */
const rank = 7;
/** A busy turn may be so much longer than an idle one, or than six units of work where that is more. */
const mostTimes = 1.75;
const leastUnits = 6;

let app: ProbedApp;
let idle: LoopReading;

beforeAll(async () => {
  app = await ProbedApp.start((folder) => {
    makeLinks(folder, linkCount);
    const database = new Database(join(folder, 'links.db'));
    database.exec('UPDATE links SET created_at = id, updated_at = id');
    database.close();
  });
  // What can be compiled shall be, and what may be in memory.
  for (const work of Object.values(works)) await during(1_000, work);
  idle = await app.measure(() => beside(() => delay(workMs)));
});
afterAll(() => app?.[Symbol.asyncDispose]());

/** All that a node does besides redirects, each until it is told to stop. */
const works = {
  'links are created by 64 clients at once': async (isOver: IsOver) => {
    using clients = await Clients.open(64);
    while (!isOver()) {
      await clients.askAll(() =>
        toRequest('POST', '/api/v1/links', { destination: 'https://a.example/b' }),
      );
    }
  },
  'ten thousand links are created at once': async (isOver: IsOver) => {
    const links = (link: object, count: number) => ({ links: Array(count).fill(link) });
    const create = (link: object, count: number) =>
      api('POST', '/api/v1/links/bulk', links(link, count));
    while (!isOver()) {
      // Bad rows in one chunk, with nothing for the writer to do: rows cannot come faster. With more of them than this the
      // collector of garbage is what is measured.
      for (let sent = 0; sent < 4; sent += 1) await create({}, 2_000);
      await create({ destination: 'https://a.example/b' }, 10_000);
    }
  },
  'links are edited by 64 clients at once, in a storm of commits': async (isOver: IsOver) => {
    using clients = await Clients.open(64);
    while (!isOver()) {
      await clients.askAll(() => {
        const slug = slugOf(someLink());
        return toRequest('PATCH', `/api/v1/links/${slug}`, { title: `title ${Math.random()}` });
      });
    }
  },
  'clicks are shipped and merged': async (isOver: IsOver) => {
    using clients = await Clients.open(64);
    while (!isOver()) await clients.askAll(toClick);
  },
  'everything is listed': (isOver: IsOver) =>
    many(2, async () => {
      let cursor = '';
      while (!isOver()) {
        const { text } = await api('GET', `/api/v1/links?limit=100${cursor}`);
        const { nextCursor } = JSON.parse(text) as { nextCursor: string | null };
        cursor = nextCursor === null ? '' : `&cursor=${encodeURIComponent(nextCursor)}`;
      }
    }),
  'the newest thousand links are listed': (isOver: IsOver) =>
    many(2, async () => {
      while (!isOver()) await api('GET', '/');
    }),
  'all links are searched': (isOver: IsOver) =>
    many(2, async () => {
      while (!isOver()) await api('GET', '/api/v1/links?search=nothing-like-this');
    }),
  'a thousand connections are slow': async (isOver: IsOver) => {
    using slow = await SlowConnections.open(1_000);
    while (!isOver()) {
      slow.sendSomeBytes();
      await delay(2);
    }
  },
} as const;

test.for(Object.entries(works))('no turn of the event loop is long while %s', async ([, work]) => {
  const busy = await app.measure(() => beside(() => during(workMs, work)));
  expect(longTurn(busy)).toBeLessThanOrEqual(mostTimes * base(busy));
});

test('a turn that is long is noticed', async () => {
  const units = Math.ceil((2 * mostTimes * base(idle)) / idle.unitMs);
  const blocked = await app.measure(() =>
    during(1_000, async (isOver) => {
      while (!isOver()) {
        app.block(units);
        await delay(20);
      }
    }),
  );
  expect(longTurn(blocked)).toBeGreaterThan(mostTimes * base(blocked));
});

type IsOver = () => boolean;

function longTurn({ longestMs }: LoopReading): number {
  return longestMs[rank - 1] ?? 0;
}

/** What a turn is compared with: an idle one, or work of a known size on the machine as it is now. */
function base({ unitMs }: LoopReading): number {
  return Math.max(longTurn(idle), leastUnits * unitMs);
}

async function during(ms: number, work: (isOver: IsOver) => Promise<unknown>): Promise<void> {
  const end = performance.now() + ms;
  await work(() => performance.now() > end);
}

/** Follows links while `work` lasts, and expects every answer to be a redirect. */
async function beside(work: () => Promise<unknown>): Promise<void> {
  let isOver = false;
  const following = (async () => {
    while (!isOver) {
      const n = someLink();
      expect(await follow(app.url, slugOf(n))).toBe(`302 ${destinationOf(n)}`);
      await delay(5);
    }
  })();
  await Promise.all([
    following,
    work().finally(() => {
      isOver = true;
    }),
  ]);
}

function many(clients: number, work: () => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: clients }, work));
}

async function api(method: string, path: string, body?: object) {
  const answer = await send(`${app.url}${path}`, { method, ...(body && { body }) });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer;
}

function someLink(): number {
  return Math.floor(Math.random() * linkCount);
}

function toRequest(method: string, path: string, body: object): string {
  const text = JSON.stringify(body);
  const headers = ['Content-Type: application/json', `Content-Length: ${text.length}`];
  return rawRequest(path, { method, headers }).replace('go.example.com', 'localhost') + text;
}

/** A click by one of a few hundred kinds of visitors. */
function toClick(): string {
  const number = Math.floor(Math.random() * 300);
  const headers = [
    `User-Agent: Mozilla/5.0 Chrome/${number}.0`,
    `Referer: https://site${number}.example/`,
  ];
  return rawRequest(`/${slugOf(someLink())}`, { headers });
}

/** Clients that ask all at the same moment, so that their requests meet in one turn of the event loop. */
class Clients implements Disposable {
  readonly #sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  static async open(count: number): Promise<Clients> {
    return new Clients(await Promise.all(Array.from({ length: count }, () => openRaw(app.port))));
  }

  /** Sends a request of each and waits for the first bytes of all answers, which are good ones. */
  async askAll(toBytes: () => string): Promise<void> {
    const answers = this.#sockets.map((socket) => once(socket, 'data'));
    for (const socket of this.#sockets) socket.write(toBytes());
    for (const [answer] of await Promise.all(answers)) {
      expect(String(answer)).toMatch(/^HTTP\/1\.1 (20[01]|302) /);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** How many of the slow connections speak at the same moment. */
const atOnce = 40;

/** Connections whose requests come one byte at a time and never end. */
class SlowConnections implements Disposable {
  readonly #sockets: readonly Socket[];
  #next = 0;

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  static async open(count: number): Promise<SlowConnections> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const socket = await openRaw(app.port);
      socket.on('error', () => undefined);
      socket.write('GET /sale HTTP/1.1\r\nX-Slow: ');
      sockets.push(socket);
    }
    return new SlowConnections(sockets);
  }

  /** A byte each of the next few. */
  sendSomeBytes(): void {
    for (let count = 0; count < atOnce; count += 1) {
      this.#sockets[this.#next]?.write('a');
      this.#next = (this.#next + 1) % this.#sockets.length;
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

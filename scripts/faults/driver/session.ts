import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '../history.ts';
import type { Chance } from './chance.ts';
import type { Done, Door, FleetClient } from './fleet-client.ts';
import type { LinkBook } from './link-book.ts';
import { OwnLinks } from './own-links.ts';
import { zipf } from './zipf.ts';

/** How often each thing is done, of a hundred. */
const weights = {
  create: 24,
  createCustom: 5,
  update: 10,
  deleteOrRecreate: 5,
  followNew: 18,
  follow: 30,
  stats: 3,
  list: 2,
  get: 2,
  otherBody: 1,
} as const;
type Doing = keyof typeof weights;
const doings = Object.entries(weights).flatMap(([doing, weight]) =>
  Array.from({ length: weight }, () => doing as Doing),
);

const createTries = 4;
const retryPauseMs = 200;
/** How many want each contended slug. */
const wanters = 5;

/** What the sessions of a run share. */
export interface SharedWork {
  readonly client: FleetClient;
  readonly book: LinkBook;
  /** Gives a number that nobody else gets. */
  readonly next: () => number;
  /** Counts those who want a contended slug. */
  readonly nextWanter: () => number;
  /** A bookmark like this one, of an epoch that was lost. */
  readonly lostBookmark: (like: KeptBookmark | undefined) => KeptBookmark | undefined;
}

/** A bookmark as it is sent, and what it names. */
export interface KeptBookmark {
  readonly text: string;
  readonly point: Operation['arg']['bookmark'];
}

/** One client that does one thing after another, all over the fleet. */
export class Session {
  readonly #name: string;
  readonly #shared: SharedWork;
  readonly #chance: Chance;
  readonly #own: OwnLinks;
  /** What it saw last, as it would be sent back. */
  #bookmark: KeptBookmark | undefined;
  /** Slugs that were made a moment ago, newest last. */
  readonly #fresh: string[] = [];

  constructor(name: string, shared: SharedWork, chance: Chance) {
    this.#name = name;
    this.#shared = shared;
    this.#chance = chance;
    this.#own = new OwnLinks(name, shared, chance);
  }

  /** Goes on until `signal` aborts, with `restMs` on average between two things. */
  async run(restMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#once(signal);
      await delay(this.#chance.draw() * 2 * restMs);
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { book } = this.#shared;
    const doing = this.#chance.pick(doings);
    switch (doing) {
      case 'create':
        return this.#create(signal);
      case 'createCustom':
        return this.#createCustom();
      case 'update':
        return this.#note(await this.#own.update(this.#door()));
      case 'deleteOrRecreate':
        return this.#note(await this.#own.deleteOrRecreate(this.#door()));
      case 'followNew': {
        const slug = this.#fresh.shift();
        return slug === undefined ? this.#follow('follow') : this.#follow('followNew', slug);
      }
      case 'follow':
        return this.#follow('follow');
      case 'stats':
        if (book.steady.length === 0) return;
        return this.#read('stats', zipf(book.steady, this.#chance));
      case 'get':
        if (book.moving.length === 0) return;
        return this.#read('get', this.#chance.pick(book.moving));
      case 'list':
        return this.#read('list', null);
      case 'otherBody':
        return this.#repeatWithOtherBody();
    }
  }

  /** A link with a slug that the fleet picks; asked for again with the same key while nobody knows. */
  async #create(signal: AbortSignal): Promise<void> {
    const number = this.#shared.next();
    const destination = `https://example.com/${this.#name}/${number}/v1`;
    const idempotencyKey = `${this.#name}-${number}`;
    for (let tried = 0; tried < createTries && !signal.aborted; tried++) {
      const done = await this.#post('create', null, destination, idempotencyKey);
      const { type, key } = done.operation;
      if (type === 'ok' && key !== null) {
        this.#fresh.push(key);
        this.#fresh.splice(0, this.#fresh.length - 20);
        this.#own.add(key, destination, done.answer);
        this.#shared.book.addMoving(key);
        return;
      }
      if (type === 'fail' && done.operation.status !== 503) return;
      await delay(retryPauseMs);
    }
  }

  /** A slug that others want too: one of them gets it. */
  async #createCustom(): Promise<void> {
    const number = this.#shared.next();
    const slug = `wanted-${Math.floor(this.#shared.nextWanter() / wanters)}`;
    const destination = `https://example.com/${slug}/${this.#name}/${number}`;
    await this.#post('createCustom', slug, destination, `${this.#name}-${number}`);
  }

  /** The same key for another link has to be refused. */
  async #repeatWithOtherBody(): Promise<void> {
    const number = this.#shared.next();
    const destination = `https://example.com/${this.#name}/${number}/v1`;
    const idempotencyKey = `${this.#name}-${number}`;
    const first = await this.#post('create', null, destination, idempotencyKey);
    if (first.operation.type !== 'ok') return;
    const { durability } = first.operation;
    // One that is on one machine alone may be gone, and its key with it.
    if (durability === 'local') return;
    await this.#post('create', null, `${destination}-other`, idempotencyKey, { otherBody: true });
  }

  async #follow(op: 'follow' | 'followNew', made?: string): Promise<void> {
    const { book } = this.#shared;
    const isSteady = this.#chance.draw() < 0.7 || book.moving.length === 0;
    if (made === undefined && isSteady && book.steady.length === 0) return;
    const slug =
      made ?? (isSteady ? zipf(book.steady, this.#chance) : this.#chance.pick(book.moving));
    const requestId = book.nextRequestId(slug);
    // A redirect needs none, and is the same with one.
    const withBookmark = this.#chance.draw() < 0.5 && this.#bookmark !== undefined;
    this.#note(
      await this.#shared.client.do({
        ...{ proc: this.#name, op, key: slug, door: this.#door(), path: `/${slug}` },
        ...(requestId !== undefined && { requestId }),
        ...(withBookmark && this.#send(this.#bookmark)),
      }),
    );
  }

  async #read(op: 'stats' | 'get' | 'list', slug: string | null): Promise<void> {
    const path = slug === null ? '/api/v1/links?limit=50' : `/api/v1/links/${slug}`;
    this.#note(
      await this.#shared.client.do({
        ...{ proc: this.#name, op, key: slug, door: this.#door(), path },
        ...this.#withBookmark(),
      }),
    );
  }

  async #post(
    op: 'create' | 'createCustom',
    slug: string | null,
    destination: string,
    idempotencyKey: string,
    arg: Operation['arg'] = {},
  ): Promise<Done> {
    const done = await this.#shared.client.do({
      ...{ proc: this.#name, op, key: slug, door: this.#door(), method: 'POST' },
      path: '/api/v1/links',
      arg: { destination, idempotencyKey, ...arg },
      headers: { 'Idempotency-Key': idempotencyKey },
      body: { destination, ...(slug !== null && { slug }) },
    });
    this.#note(done);
    return done;
  }

  /** Any edge: a person travels. */
  #door(): Door {
    return this.#chance.pick(this.#shared.client.edges);
  }

  /** What it saw last; now and then a bookmark of an epoch that nobody knows, as a failover leaves behind. */
  #withBookmark() {
    const isLost = this.#chance.draw() < 0.1;
    return this.#send(isLost ? this.#shared.lostBookmark(this.#bookmark) : this.#bookmark);
  }

  #send(bookmark: KeptBookmark | undefined) {
    if (bookmark?.point === undefined) return {};
    return { headers: { 'Hoplite-Bookmark': bookmark.text }, arg: { bookmark: bookmark.point } };
  }

  #note(done: Done | undefined): void {
    if (done?.operation.epoch === undefined || done.operation.txid === undefined) return;
    const text = done.answer?.headers['hoplite-bookmark'];
    if (typeof text !== 'string') return;
    const { epoch, txid } = done.operation;
    this.#bookmark = { text, point: { epoch, txid } };
  }
}

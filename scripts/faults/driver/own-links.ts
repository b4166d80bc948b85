import type { Answer } from './ask.ts';
import type { Chance } from './chance.ts';
import type { Done, Door, FleetClient } from './fleet-client.ts';

/** A link as its only writer knows it. */
interface OwnLink {
  readonly slug: string;
  /** Counts what was written; the number is in each destination. */
  version: number;
  /** What `If-Match` of the next write says; `undefined` when it has to be asked for. */
  tag: string | undefined;
  isDeleted: boolean;
  /** A write whose outcome is unknown: it is sent again, and nothing else before it is settled. */
  unsettled: Write | undefined;
}

interface Write {
  readonly op: 'update' | 'delete' | 'recreate';
  readonly destination: string;
  readonly idempotencyKey: string;
}

/** The links that one session alone writes to. */
export class OwnLinks {
  readonly #session: string;
  readonly #client: FleetClient;
  readonly #next: () => number;
  readonly #chance: Chance;
  readonly #links: OwnLink[] = [];

  constructor(
    session: string,
    shared: { readonly client: FleetClient; readonly next: () => number },
    chance: Chance,
  ) {
    this.#session = session;
    this.#client = shared.client;
    this.#next = shared.next;
    this.#chance = chance;
  }

  /** Takes a link that was just made. */
  add(slug: string, destination: string, answer: Answer | undefined): void {
    if (this.#links.some((link) => link.slug === slug)) return;
    const version = Number(/v(\d+)$/.exec(destination)?.[1] ?? 1);
    this.#links.push({ slug, version, tag: tagOf(answer), isDeleted: false, unsettled: undefined });
  }

  /** Gives one of them a new destination, or settles what is unknown first; `undefined` when there is none. */
  async update(door: Door): Promise<Done | undefined> {
    const link = this.#pick((each) => !each.isDeleted);
    if (link === undefined) return undefined;
    return this.#write(link, door, link.unsettled ?? this.#plan('update', link));
  }

  /** Deletes one of them or makes it again, or settles what is unknown first; `undefined` when there is none. */
  async deleteOrRecreate(door: Door): Promise<Done | undefined> {
    const link = this.#pick(() => true);
    if (link === undefined) return undefined;
    const op = link.isDeleted ? 'recreate' : 'delete';
    return this.#write(link, door, link.unsettled ?? this.#plan(op, link));
  }

  /** What is unsettled comes first. Old links rest: whoever changes few often learns more. */
  #pick(fits: (link: OwnLink) => boolean): OwnLink | undefined {
    const unsettled = this.#links.find((link) => link.unsettled !== undefined);
    const fitting = this.#links.slice(-30).filter(fits);
    return unsettled ?? (fitting.length === 0 ? undefined : this.#chance.pick(fitting));
  }

  #plan(op: Write['op'], link: OwnLink): Write {
    const number = this.#next();
    const version = link.version + 1;
    return {
      op,
      // A delete writes nothing.
      destination: op === 'delete' ? '' : `https://example.com/${link.slug}/${number}/v${version}`,
      idempotencyKey: `${this.#session}-${number}`,
    };
  }

  async #write(link: OwnLink, door: Door, write: Write): Promise<Done> {
    link.unsettled = write;
    const done = await this.#send(link, door, write);
    const { type, status } = done.operation;
    if (type === 'ok') this.#settle(link, write, done.answer);
    // What was asked for again had been done already, when nobody else can have done anything to this link.
    else if (status === 412) await this.#learn(link, write);
    else if (status === 404) {
      // Deleted by the try before, or lost with the machine that alone had it.
      link.unsettled = undefined;
      link.isDeleted = true;
    } else if (status === 409 && write.op === 'recreate') await this.#learn(link, write);
    return done;
  }

  #send(link: OwnLink, door: Door, write: Write): Promise<Done> {
    const { op, destination, idempotencyKey } = write;
    const path = `/api/v1/links/${link.slug}`;
    const ifMatch = link.tag === undefined ? undefined : { 'If-Match': link.tag };
    const common = { proc: this.#session, op, key: link.slug, door };
    switch (op) {
      case 'update':
        return this.#client.do({
          ...common,
          ...{ method: 'PATCH', path, arg: { destination }, body: { destination } },
          ...(ifMatch && { headers: ifMatch }),
        });
      case 'delete':
        return this.#client.do({
          ...common,
          ...{ method: 'DELETE', path },
          ...(ifMatch && { headers: ifMatch }),
        });
      case 'recreate':
        return this.#client.do({
          ...common,
          ...{ method: 'POST', path: '/api/v1/links', arg: { destination, idempotencyKey } },
          headers: { 'Idempotency-Key': idempotencyKey },
          body: { slug: link.slug, destination },
        });
    }
  }

  #settle(link: OwnLink, write: Write, answer: Answer | undefined): void {
    link.unsettled = undefined;
    link.isDeleted = write.op === 'delete';
    link.tag = tagOf(answer);
    if (write.op !== 'delete') link.version += 1;
  }

  /** Asks what there is: the write that was unknown was done, or a failover took back the one before it. */
  async #learn(link: OwnLink, write: Write): Promise<void> {
    const { operation, answer } = await this.#client.do({
      ...{ proc: this.#session, op: 'get', key: link.slug, door: this.#primaryDoor() },
      path: `/api/v1/links/${link.slug}`,
    });
    if (operation.type !== 'ok') return;
    if (operation.value === null) {
      link.unsettled = undefined;
      link.isDeleted = true;
    } else if (operation.value === write.destination) {
      this.#settle(link, write, answer);
    } else {
      link.tag = tagOf(answer);
      if (write.op === 'recreate') {
        link.unsettled = undefined;
        link.isDeleted = false;
      }
    }
  }

  #primaryDoor(): Door {
    return this.#client.primaryDoor();
  }
}

function tagOf(answer: Answer | undefined): string | undefined {
  const tag = answer?.headers.etag;
  return typeof tag === 'string' ? tag : undefined;
}

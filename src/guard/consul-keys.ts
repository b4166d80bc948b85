import type { ConsulAnswer, ConsulClient } from './consul-call.ts';
import { type ConsulTarget, realKey, sessionNode } from './consul-target.ts';
import { type ConsulTree, markKey, type PlaceNumber, parseTree, placeKey } from './consul-tree.ts';
import type { Mark } from './mark.ts';

const noTree: ConsulTree = { lease: undefined, mark: undefined, markIndex: 0, places: [] };

/** What the guard itself asks Consul for. All of it rejects with `ConsulSilent`, and with an `Error` on an unexpected answer. */
export class ConsulKeys {
  readonly #client: ConsulClient;
  readonly #target: ConsulTarget;
  /** That of the lease, as Consul knows it. */
  readonly #key: string;
  #registered = false;

  constructor(client: ConsulClient, target: ConsulTarget, key: string) {
    this.#client = client;
    this.#target = target;
    this.#key = realKey(target, key);
  }

  /** Everything at and below the lease's key. */
  async readTree(timeoutMs?: number): Promise<ConsulTree> {
    const answer = await this.#client.call({
      method: 'GET',
      // Consistent: the word of a server that is the leader no more could let a stale candidate pass.
      path: `${kvPath(this.#key)}?recurse=true&consistent=true`,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    if (answer.status === 404) return noTree;
    return parseTree(expectOk(answer, 'read the keys'), this.#key);
  }

  /**
   * Makes the node of the catalog that sessions belong to, where Consul's URL has a prefix; LiteFS does so itself when
   * it is given that URL. Once is enough.
   */
  async registerNode(): Promise<void> {
    const node = sessionNode(this.#target);
    if (node === undefined || this.#registered) return;
    const body = JSON.stringify({ Node: node, Address: 'localhost' });
    expectOk(await this.#put('/v1/catalog/register', body), 'register the node of the sessions');
    this.#registered = true;
  }

  /** A session for a candidate place. Without a lock delay: the place of a node that went is free at once. */
  async createPlaceSession(ttl: string): Promise<string> {
    await this.registerNode();
    const node = sessionNode(this.#target);
    const answer = await this.#put(
      '/v1/session/create',
      JSON.stringify({
        Name: 'hoplite-guard',
        TTL: ttl,
        Behavior: 'delete',
        LockDelay: '0s',
        NodeChecks: [],
        ...(node !== undefined && { Node: node }),
      }),
    );
    return JSON.parse(expectOk(answer, 'make a session')).ID;
  }

  /** Whether the session lives, which it goes on doing for another TTL. */
  async renewSession(session: string): Promise<boolean> {
    const answer = await this.#put(`/v1/session/renew/${session}`);
    if (answer.status === 404) return false;
    expectOk(answer, 'renew a session');
    return true;
  }

  /** Ends a session; what it holds is free afterwards. */
  async destroySession(session: string): Promise<void> {
    expectOk(await this.#put(`/v1/session/destroy/${session}`), 'end a session');
  }

  /** Takes a place, or writes anew into one that the session holds. Whether it holds it now. */
  async writePlace(place: PlaceNumber, session: string, value: string): Promise<boolean> {
    const path = `${kvPath(placeKey(this.#key, place))}?acquire=${session}`;
    return expectOk(await this.#put(path, value), 'take a place').trim() === 'true';
  }

  /** Gives the lease back that a handoff brought, without the delay that the end of its session would cost. */
  async releaseLease(session: string): Promise<void> {
    await this.#put(`${kvPath(this.#key)}?release=${session}`, '');
    await this.destroySession(session);
  }

  /**
   * Frees the lease of a LiteFS that is dead, unless that has handed it over meanwhile: then its session is another
   * node's, or will be in a moment, and must live. So the lease is unlocked only as long as nothing has moved, and the
   * session is left to its TTL. There is no lock delay: the holder is known to be dead. Whether it was freed now.
   */
  async freeLeaseOf(session: string, node: string): Promise<boolean> {
    const { lease } = await this.readTree();
    if (lease?.session !== session || lease.holder !== node) return false;
    const key = this.#key;
    return this.#transact([
      { KV: { Verb: 'check-index', Key: key, Index: lease.index } },
      { KV: { Verb: 'unlock', Key: key, Session: session, Value: '' } },
    ]);
  }

  /** Replaces the mark, provided that it is still the one of `index` and that `session` holds the lease. */
  writeMark(mark: Mark, index: number, session: string): Promise<boolean> {
    const value = Buffer.from(JSON.stringify(mark)).toString('base64');
    return this.#transact([
      { KV: { Verb: 'check-session', Key: this.#key, Session: session } },
      { KV: { Verb: 'cas', Key: markKey(this.#key), Index: index, Value: value } },
    ]);
  }

  /** Whether all of it was done; nothing is when a check fails. */
  async #transact(operations: readonly unknown[]): Promise<boolean> {
    const { status, body } = await this.#put('/v1/txn', JSON.stringify(operations));
    if (status === 409) return false;
    expectOk({ status, body, headers: {} }, 'do a transaction');
    return true;
  }

  #put(path: string, body = ''): Promise<ConsulAnswer> {
    return this.#client.call({ method: 'PUT', path, body });
  }
}

/** The path of a key, whose slashes stay as they are. */
export function kvPath(key: string): string {
  return `/v1/kv/${encodeURI(key)}`;
}

function expectOk({ status, body }: ConsulAnswer, what: string): string {
  if (status === 200) return body;
  throw new Error(`Consul answered ${status} when it was to ${what}: ${body.slice(0, 200)}`);
}

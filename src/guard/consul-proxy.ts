import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AcquireGate } from './acquire-at-consul.ts';
import { rewriteAdvertiseUrl } from './advertise-url.ts';
import {
  type ConsulAnswer,
  type ConsulClient,
  ConsulSilent,
  consulTimeoutMs,
} from './consul-call.ts';
import { type ConsulKeys, kvPath } from './consul-keys.ts';
import { type ConsulTarget, realKey, sessionNode } from './consul-target.ts';
import { parseEntries, parsePrimaryInfo } from './consul-tree.ts';
import { type LiteFsCall, parseLiteFsCall } from './litefs-call.ts';
import type { GuardLog } from './log.ts';
import type { GuardMetrics } from './metrics.ts';
import type { OwnLease } from './own-lease.ts';
import type { Relay } from './relay.ts';

/** LiteFS sends some hundred bytes. */
const maxBodyBytes = 64 * 1024;
const kvRoot = '/v1/kv/';

interface Parts {
  readonly key: string;
  readonly node: string;
  readonly ownUrl: string;
  readonly target: ConsulTarget;
  readonly client: ConsulClient;
  readonly keys: ConsulKeys;
  readonly gate: AcquireGate;
  readonly lease: OwnLease;
  readonly relay: Relay;
  readonly log: GuardLog;
  readonly metrics: GuardMetrics;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Told who leads, each time LiteFS asks. */
  readonly onHolder: (holder: string | undefined) => void;
}

/**
 * LiteFS's only Consul: passes its calls on to the real one, each with a bound, learns from them whether this node holds
 * the lease, asks the gate before one that would take it, and sends LiteFS to the relay instead of to the primary.
 */
export class ConsulProxy {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Answers a request below `/v1/`. Never rejects. */
  async answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { log, metrics } = this.#parts;
    const startedAtMs = this.#parts.nowMs();
    try {
      const body = await readBody(incoming);
      const { status, headers, body: text } = await this.#pass(incoming, body, startedAtMs);
      metrics.count('consul_calls_total', { result: status < 500 ? 'answered' : 'failed' });
      outgoing.writeHead(status, keptHeaders(headers)).end(text);
    } catch (error) {
      if (!(error instanceof ConsulSilent)) {
        log.error('a call of LiteFS to Consul failed here', { err: (error as Error).message });
        outgoing.writeHead(502).end('the guard cannot pass this on\n');
        return;
      }
      metrics.count('consul_calls_total', { result: error.timedOut ? 'timeout' : 'unreachable' });
      outgoing.writeHead(error.timedOut ? 504 : 502).end(`Consul: ${error.message}\n`);
    }
  }

  async #pass(incoming: IncomingMessage, body: Buffer, startedAtMs: number): Promise<ConsulAnswer> {
    const { key, keys, target, gate, client, nowMs } = this.#parts;
    const { method = '', url = '' } = incoming;
    const about = parseLiteFsCall(method, url, key);
    if (about.is === 'create-session') await keys.registerNode();
    if (about.is === 'acquire' && !(await gate.mayAcquire(about.session, startedAtMs))) {
      if (!this.#parts.lease.isOwnSession(about.session)) await this.#returnHandoff(about.session);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: 'false' };
    }
    this.#learnBefore(about);
    const answer = await client.call({
      method,
      path: toRealPath(url, target),
      body: about.is === 'create-session' ? withNode(body, target) : body,
      timeoutMs: Math.max(1, startedAtMs + consulTimeoutMs - nowMs()),
    });
    this.#learn(about, answer, startedAtMs);
    return about.is === 'read-lease' ? this.#redirectToRelay(answer) : answer;
  }

  /** LiteFS gives a session back when it leads no more, whatever becomes of the call. */
  #learnBefore(about: LiteFsCall): void {
    if (about.is === 'release' || about.is === 'destroy') this.#parts.lease.ended(about.session);
  }

  #learn(about: LiteFsCall, { status, body }: ConsulAnswer, startedAtMs: number): void {
    const { lease, log, node, onHolder } = this.#parts;
    switch (about.is) {
      case 'create-session':
        if (status === 200) lease.made(JSON.parse(body).ID);
        return;
      case 'acquire':
        if (status !== 200 || body.trim() !== 'true') return;
        lease.acquired(about.session, startedAtMs);
        onHolder(node);
        log.info('lease acquired', { handoff: !lease.isOwnSession(about.session) });
        return;
      case 'renew':
        if (status === 200) lease.renewed(about.session, startedAtMs);
        if (status === 404) lease.ended(about.session);
        return;
      case 'read-lease': {
        const holder = holderIn(status, body);
        // LiteFS asks only while it does not lead.
        if (lease.session !== undefined && holder !== node) {
          lease.lost();
          log.info('lease handed over', { holder: holder ?? null });
        }
        onHolder(holder);
        return;
      }
      case 'destroy':
      case 'release':
      case 'other':
    }
  }

  #redirectToRelay(answer: ConsulAnswer): ConsulAnswer {
    if (answer.status !== 200) return answer;
    const { ownUrl, relay } = this.#parts;
    const rewritten = rewriteAdvertiseUrl(answer.body, { ownUrl, relayUrl: relay.url });
    if (rewritten === undefined) return answer;
    relay.pointTo(rewritten.primaryUrl);
    return { ...answer, body: rewritten.body };
  }

  /**
   * Frees a lease that was handed to this node and that it must not take. The last primary leads no more, and LiteFS
   * would leave the lease to expire, 20 s without a primary.
   */
  async #returnHandoff(session: string): Promise<void> {
    const { keys, log } = this.#parts;
    await keys.releaseLease(session);
    log.warn('handoff refused, lease freed', { session });
  }
}

/** LiteFS knows no prefix, so its keys need one. */
function toRealPath(url: string, target: ConsulTarget): string {
  if (target.prefix === '' || !url.startsWith(kvRoot)) return url;
  return `${kvPath(realKey(target, ''))}${url.slice(kvRoot.length)}`;
}

/** The session's node, where LiteFS would name one by the prefix of Consul's URL. */
function withNode(body: Buffer, target: ConsulTarget): Buffer {
  const node = sessionNode(target);
  if (node === undefined) return body;
  return Buffer.from(JSON.stringify({ ...JSON.parse(body.toString('utf8')), Node: node }));
}

function holderIn(status: number, body: string): string | undefined {
  if (status !== 200) return undefined;
  const [entry] = parseEntries(body);
  return entry === undefined ? undefined : parsePrimaryInfo(entry.value)?.hostname;
}

/** Not those that describe how the answer came over the wire. */
function keptHeaders(headers: ConsulAnswer['headers']): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name === 'content-type' || name.startsWith('x-consul-')) kept[name] = value;
  }
  return kept;
}

/** Reads a small body whole. Throws when it is long. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

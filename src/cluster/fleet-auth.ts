import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { Random } from '../domain/random.ts';
import type { NodeId } from '../domain/role.ts';
import type { Rotating } from '../domain/rotating.ts';
import { deriveKeys } from './fleet-key.ts';
import { createNonceMemory } from './nonce-memory.ts';

/** Headers as Node gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request that is about to be sent to a private port. */
export interface RequestToSign {
  readonly method: string;
  /** Path and query, exactly as they go into the request line. */
  readonly path: string;
  /** The node it is meant for; any other one refuses it. */
  readonly to?: NodeId;
  /** Default: empty. `unsigned` for a body that is streamed and not known yet. */
  readonly body?: Uint8Array | 'unsigned';
  /** Further `hoplite-*` headers, which the signature covers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that came in at a private port. */
export interface RequestToVerify {
  readonly method: string;
  /** Path and query, exactly as they were in the request line. */
  readonly path: string;
  readonly headers: Headers;
}

/** Why a request is refused. */
export type Refusal =
  | 'unsigned'
  | 'signature'
  | 'addressee'
  | 'time'
  | 'body'
  | 'repeated'
  | 'full';

/** `headers` belong into the 401 that answers a refused request. */
export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: Refusal;
      readonly headers: Readonly<Record<string, string>>;
    };

/**
 * Proof, between nodes and from the command line, of knowing the fleet's secret.
 *
 * A signed request carries `hoplite-time`, `hoplite-nonce`, `hoplite-body` (SHA-256 in hex, or `UNSIGNED`), mostly
 * `hoplite-to`, and `hoplite-signature`: HMAC-SHA256 over the method, the path with its query and every other
 * `hoplite-*` header. It is taken once, and only within 60 s of its time by the receiver's wall clock.
 *
 * **Clocks that differ.** A 401 for the time carries the receiver's time, itself signed together with the request's
 * nonce, so that nobody else can turn a sender's clock. `learnTime` takes it in; everything sent to that
 * node from then on is signed in the node's own time. So a sender tries once more, and once is enough.
 */
export interface FleetAuth {
  /** Gives all `hoplite-*` headers of a request. Throws a `TypeError` when a header cannot be sent as it is. */
  sign(request: RequestToSign): Record<string, string>;
  /**
   * Judges a request. `body` is what came in; `unsigned` where the body is streamed and its sender is known to
   * sign none. A body is taken only in the way it was signed.
   */
  verify(request: RequestToVerify, body: Uint8Array | 'unsigned'): Verdict;
  /**
   * Looks for the receiver's time in the answer to a request with the headers `sent`. `true` when it was there and
   * is taken in: trying again makes sense.
   */
  learnTime(sent: Readonly<Record<string, string>>, answer: Headers): boolean;
}

/** What a `FleetAuth` needs. */
export interface FleetAuthOptions {
  /** The first signs; a request that is signed with any of them is taken. */
  readonly secrets: Rotating<string>;
  /** This node. */
  readonly node: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  /** How many requests can be remembered at a time; default 250,000, which is 2,000 a second. */
  readonly maxNonces?: number;
}

/** Header of a 401 that says why, and tells a 401 of the fleet from one for the caller's own credentials. */
export const refusedHeader = 'hoplite-refused';

const windowMs = 60_000;
const signatureHeader = 'hoplite-signature';
const unsignedBody = 'UNSIGNED';

/** Makes the signer and verifier of one node. */
export function createFleetAuth(options: FleetAuthOptions): FleetAuth {
  const { clock } = options;
  const requestKeys = deriveKeys(options.secrets, 'request');
  const answerKeys = deriveKeys(options.secrets, 'answer');
  const startedMs = clock.monotonicMs();
  /** How far other nodes' clocks are ahead of this one's, by node; the empty name is for requests to anybody. */
  const offsetsMs = new Map<NodeId | '', number>();
  // A request dated 60 s ahead can be repeated until its time plus 60 s.
  const nonces = createNonceMemory({
    lifeMs: 2 * windowMs,
    maxNonces: options.maxNonces ?? 250_000,
  });

  function refuse(reason: Refusal, headers: Record<string, string> = {}): Verdict {
    return { ok: false, reason, headers: { [refusedHeader]: reason, ...headers } };
  }

  function isInTime(timeMs: number): boolean {
    // The nonces of the last run are forgotten, so what was signed before this one began is too old. Measured
    // by the monotonic clock: the wall clock may have been set meanwhile.
    const reachMs = Math.min(windowMs, clock.monotonicMs() - startedMs);
    const nowMs = clock.now();
    return timeMs >= nowMs - reachMs && timeMs <= nowMs + windowMs;
  }

  function signedTime(key: Buffer, nonce: string, timeMs: number): string {
    return `${timeMs}.${sign(key, `${nonce}\n${timeMs}`).toString('base64url')}`;
  }

  return {
    sign({ method, path, to, body = new Uint8Array(), headers = {} }) {
      const signed: Record<string, string> = {
        ...headers,
        'hoplite-time': String(clock.now() + (offsetsMs.get(to ?? '') ?? 0)),
        'hoplite-nonce': Buffer.from(options.random.bytes(12)).toString('base64url'),
        'hoplite-body': hashBody(body),
        ...(to === undefined ? {} : { 'hoplite-to': to }),
      };
      for (const [name, value] of Object.entries(signed)) expectSendable(name, value);
      const signature = sign(requestKeys[0], toSignedText(method, path, signed));
      return { ...signed, [signatureHeader]: signature.toString('base64url') };
    },

    verify({ method, path, headers }, body) {
      const signature = headers[signatureHeader];
      if (typeof signature !== 'string') return refuse('unsigned');
      const text = toSignedText(method, path, headers);
      const given = Buffer.from(signature, 'base64url');
      const used = requestKeys.findIndex((key) => isSame(sign(key, text), given));
      // The answer is for whoever knows the secret that the request was signed with, and perhaps no other.
      const answerKey = answerKeys[used];
      if (answerKey === undefined) return refuse('signature');
      const { 'hoplite-to': to, 'hoplite-nonce': nonce, 'hoplite-time': time } = headers;
      if (to !== undefined && to !== options.node) return refuse('addressee');
      if (typeof nonce !== 'string' || !isInTime(Number(time))) {
        return refuse('time', {
          'hoplite-time': signedTime(answerKey, String(nonce), clock.now()),
        });
      }
      if (headers['hoplite-body'] !== hashBody(body)) return refuse('body');
      const taken = nonces.take(nonce, clock.monotonicMs());
      return taken === 'new' ? { ok: true } : refuse(taken);
    },

    learnTime(sent, answer) {
      const told = answer['hoplite-time'];
      if (answer[refusedHeader] !== 'time' || typeof told !== 'string') return false;
      const timeMs = Number(told.slice(0, told.indexOf('.')));
      const isSigned = answerKeys.some((key) => {
        const expected = signedTime(key, sent['hoplite-nonce'] ?? '', timeMs);
        return isSame(Buffer.from(expected), Buffer.from(told));
      });
      if (!isSigned) return false;
      offsetsMs.set(sent['hoplite-to'] ?? '', timeMs - clock.now());
      return true;
    },
  };
}

function toSignedText(method: string, path: string, headers: Headers): string {
  const lines = Object.keys(headers)
    .filter((name) => name.startsWith('hoplite-') && name !== signatureHeader)
    .sort()
    .map((name) => `${name}:${String(headers[name])}`);
  return ['hoplite-1', method, path, ...lines].join('\n');
}

function hashBody(body: Uint8Array | 'unsigned'): string {
  return body === 'unsigned' ? unsignedBody : hash('sha256', body);
}

function sign(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What HTTP would change on its way, or refuse, cannot be signed. */
function expectSendable(name: string, value: string): void {
  if (!/^hoplite-[a-z-]+$/.test(name) || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new TypeError(`header ${name} cannot be signed`);
  }
}

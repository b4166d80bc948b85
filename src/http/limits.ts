import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { factsOf } from './request-facts.ts';
import { WindowCounters } from './window-counters.ts';

const windowMs = 60_000;

/** One household or host of the internet: an IPv4 address, or the /64 of an IPv6 address. */
export function addressSource(address: string): string {
  return `address ${ipKeyGenerator(address, 64)}`;
}

/**
 * Limits writes to `perMinute` for each address and, apart from that, for each key. It stands behind the
 * gate, so all writes of the fleet are counted on the primary; a failover starts the counts anew. A request that makes
 * many links counts as one for each, by `countWrites` of its facts, once it is known how many they are.
 * Operators have no limit. Answers with `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-08);
 * fails with `rate_limited`.
 */
export function createWriteLimits(perMinute: number, clock: Clock): readonly RequestHandler[] {
  const limit = (
    name: string,
    sourceOf: (request: Parameters<RequestHandler>[0]) => string | undefined,
  ) => {
    const store = new WindowCounters(windowMs, clock);
    const countMore: RequestHandler = (request, _response, next) => {
      const source = sourceOf(request);
      const facts = factsOf(request);
      const { countWrites } = facts;
      facts.countWrites = (more) => {
        countWrites?.(more);
        if (source === undefined) return;
        const hits = store.get(source)?.totalHits ?? 0;
        if (hits + more > perMinute) {
          throw tooMany(
            `With these ${more + 1} there would be more than ${perMinute} writes in a minute.`,
            toLeftS(store.get(source)?.resetTime, clock),
          );
        }
        store.increment(source, more);
      };
      next();
    };
    const countOne = rateLimit({
      windowMs,
      limit: perMinute,
      identifier: name,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      store,
      skip: (request) => sourceOf(request) === undefined,
      keyGenerator: (request) => sourceOf(request) ?? '',
      handler: (request, _response, next) => {
        const { rateLimit: window } = request as Request & { readonly rateLimit: RateLimitInfo };
        next(
          tooMany(
            'There were too many writes in the last minute.',
            toLeftS(window.resetTime, clock),
          ),
        );
      },
    });
    return [countOne, countMore];
  };
  return [
    ...limit('writes-per-address', (request) => {
      const { caller, clientAddress } = factsOf(request);
      return caller?.is === 'operator' ? undefined : addressSource(clientAddress);
    }),
    ...limit('writes-per-key', (request) => {
      const { caller } = factsOf(request);
      return caller?.is === 'key' ? `key ${caller.keyId}` : undefined;
    }),
  ];
}

/** Counts wrong secrets per address, in the form of sign-ins and of `Authorization` alike. */
export interface FailedSignIns {
  /** Throws `rate_limited` when the address failed too often. Comes before any secret is looked at. */
  check(address: string): void;
  count(address: string): void;
}

/**
 * Allows `perMinute` wrong secrets per address and minute. Sign-ins and writes are counted on the primary,
 * reads with a wrong key on the node that they came to; so a fleet of n nodes judges at most n times as many
 * guesses. Requests already under way when the limit is reached are still judged.
 */
export function createFailedSignIns(perMinute: number, clock: Clock): FailedSignIns {
  const counters = new WindowCounters(windowMs, clock);
  return {
    check(address) {
      const window = counters.get(addressSource(address));
      if (window === undefined || window.totalHits < perMinute) return;
      const leftS = toLeftS(window.resetTime, clock);
      throw tooMany('There were too many wrong keys from this address.', leftS);
    },
    count(address) {
      counters.increment(addressSource(address));
    },
  };
}

/** Whole seconds until a window ends. */
function toLeftS(resetTime: Date | undefined, clock: Clock): number {
  return Math.ceil(((resetTime?.getTime() ?? 0) - clock.now()) / 1000);
}

function tooMany(detail: string, retryAfterS: number): Failure {
  return new Failure('rate_limited', detail, { retryAfterS });
}

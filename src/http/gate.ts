import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { Failure } from '../domain/failure.ts';
import type { WriteHold } from '../domain/write-hold.ts';
import type { PrimaryRoute } from './primary-route.ts';
import { type Arrival, factsOf } from './request-facts.ts';

/**
 * The write gate: only a primary that takes writes goes on, a replica sends the request to it, and a node that knows no
 * primary says so. While the lease moves, requests wait here. Stands before the body is read.
 */
export function createGate(deps: {
  readonly hold: WriteHold;
  readonly primaryRoute: PrimaryRoute;
}): RequestHandler {
  return async (request, response, next) => {
    if ((await deps.hold.findWay()) === 'here') return next();
    return passToPrimary(deps.primaryRoute, request, response);
  };
}

/**
 * Sends a request to the primary, with its body when that was already read. Once at most: when the primary is another
 * one by then, the request fails with `unavailable`.
 */
export async function passToPrimary(
  primaryRoute: PrimaryRoute,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const facts = factsOf(request);
  if (facts.passedOn) {
    throw new Failure('unavailable', 'The primary changed while the request was on its way.', {
      retryAfterS: 1,
    });
  }
  facts.passedOn = true;
  await primaryRoute.pass(request, response, {
    clientAddress: facts.clientAddress,
    ...toWay(facts.arrival),
    ...(facts.body === undefined ? {} : { body: facts.body }),
  });
}

function toWay(arrival: Arrival): {
  readonly arrivedAt: 'public' | 'forward' | 'operator';
  readonly caller: 'client' | 'operator';
} {
  switch (arrival.via) {
    case 'public':
      return { arrivedAt: 'public', caller: 'client' };
    case 'node':
      return { arrivedAt: 'forward', caller: arrival.caller };
    case 'operator':
      return { arrivedAt: 'operator', caller: 'operator' };
  }
}

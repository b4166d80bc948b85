import type { RequestHandler } from 'express';
import { clientAddress, type TrustProxy } from '../domain/client-address.ts';
import type { Random } from '../domain/random.ts';
import { arrivalOf, setFacts } from './request-facts.ts';
import { requestId } from './request-id.ts';

/** First of all handlers: notes the facts of a request, and tells the client its id. */
export function createIdentify(deps: {
  readonly trustProxy: TrustProxy;
  readonly random: Random;
}): RequestHandler {
  return (request, response, next) => {
    const arrival = arrivalOf(request);
    const id = requestId(request.get('X-Request-Id'), deps.random);
    setFacts(request, {
      id,
      arrival,
      ...(arrival.via === 'operator' && arrival.body !== undefined ? { body: arrival.body } : {}),
      clientAddress:
        arrival.via === 'node'
          ? arrival.clientAddress
          : clientAddress(request.headers, request.socket.remoteAddress, deps.trustProxy),
    });
    response.setHeader('X-Request-Id', id);
    next();
  };
}

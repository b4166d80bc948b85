import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { Random } from '../domain/random.ts';
import type { WriterSource } from '../domain/writer.ts';
import type { PrimaryRoute } from './primary-route.ts';
import { factsOf } from './request-facts.ts';

/**
 * The write gate: only the primary goes on, a replica sends the request to it, and a node that knows no
 * primary says so. Stands before the body is read.
 */
export function createGate(deps: {
  readonly cluster: Pick<Cluster, 'role'>;
  readonly writers: WriterSource;
  readonly primaryRoute: PrimaryRoute;
  readonly random: Random;
}): RequestHandler {
  /** 1 to 4 seconds, so that clients that were refused together do not come back together. */
  const soonS = (): number => 1 + ((deps.random.bytes(1)[0] ?? 0) & 3);
  return async (request, response, next) => {
    const role = deps.cluster.role();
    switch (role.is) {
      case 'primary':
        // Throws while the epoch is still being opened, and NotPrimary when the role was lost just now.
        deps.writers.writer();
        return next();
      case 'replica':
        return passToPrimary(deps.primaryRoute, request, response);
      case 'joining':
        throw new Failure('unavailable', 'This node has no copy of the links yet.', {
          retryAfterS: soonS(),
        });
      case 'detached':
        throw new Failure(
          'unavailable',
          'There is no primary at the moment, so nothing can be written.',
          {
            retryAfterS: soonS(),
          },
        );
    }
  };
}

/**
 * Sends a request to the primary, with its body when that was already read. At most once: a request that
 * another node sent here fails with `unavailable`.
 */
export async function passToPrimary(
  primaryRoute: PrimaryRoute,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const facts = factsOf(request);
  if (facts.arrival.via === 'node' || facts.passedOn) {
    throw new Failure('unavailable', 'The primary changed while the request was on its way.', {
      retryAfterS: 1,
    });
  }
  facts.passedOn = true;
  await primaryRoute.pass(request, response, {
    clientAddress: facts.clientAddress,
    caller: facts.arrival.via === 'operator' ? 'operator' : 'client',
    ...(facts.body === undefined ? {} : { body: facts.body }),
  });
}

import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Failure } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import type { WriteHold } from '../domain/write-hold.ts';
import { passToPrimary } from './gate.ts';
import type { PrimaryRoute } from './primary-route.ts';
import type { RenderedProblem, RenderProblem } from './render-problem.ts';
import { factsOf } from './request-facts.ts';
import { toFailure } from './to-failure.ts';

/**
 * The one place where errors become answers. `NotPrimary`, from any code that asked for a writer on a node
 * that has none, sends the request to the primary (docs/architecture.md, "How a replayed write walks").
 * Everything else becomes a problem.
 */
export function createErrorHandler(deps: {
  readonly primaryRoute: PrimaryRoute;
  readonly hold: WriteHold;
  readonly renderProblem: RenderProblem;
  readonly log: Logger;
}): ErrorRequestHandler {
  const { primaryRoute, hold, renderProblem, log } = deps;

  // Express knows an error handler by its four parameters.
  return async (error: unknown, request, response, _next) => {
    const failure = await settle(error, request, response);
    if (failure === undefined) return;
    const { id } = factsOf(request);
    if (response.headersSent) {
      log.error({ id, err: error }, 'answer broken off');
      response.destroy();
      return;
    }
    if (failure.kind === 'internal') log.error({ id, err: failure.cause }, 'request failed');
    const { status, headers, body } = render(failure, request);
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'Vary') response.vary(value);
      else response.setHeader(name, value);
    }
    response.end(body);
  };

  /** A page that cannot be rendered is a defect too; what is left then is its status. */
  function render(failure: Failure, request: Request): RenderedProblem {
    try {
      return renderProblem(failure, request);
    } catch (error) {
      log.error({ id: factsOf(request).id, err: error }, 'problem not rendered');
      return { status: 500, headers: {}, body: '' };
    }
  }

  /** The failure to answer with; `undefined` when the primary has answered. */
  async function settle(
    error: unknown,
    request: Request,
    response: Response,
  ): Promise<Failure | undefined> {
    if (!(error instanceof NotPrimary)) return toFailure(error);
    try {
      // The role has just been lost; who has it now may not be known yet.
      await hold.findWay();
      await passToPrimary(primaryRoute, request, response);
      return undefined;
    } catch (passError) {
      return toFailure(passError);
    }
  }
}

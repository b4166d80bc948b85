import { type RequestHandler, Router } from 'express';
import { Failure } from '../domain/failure.ts';
import type { Authenticate } from './authenticate.ts';
import { createBodyReader } from './body.ts';
import { type AccessMode, requireAccess } from './caller.ts';
import type { Operation } from './operation.ts';
import { factsOf } from './request-facts.ts';

/** What stands before an operation, in this order; then the body is read. */
export interface Stages {
  /** Not asked for what everyone may do from anywhere. */
  readonly checkHost: RequestHandler;
  readonly gate: RequestHandler;
  readonly authenticate: Authenticate;
  readonly access: AccessMode;
  readonly writeLimits: readonly RequestHandler[];
  /** Asked after the caller is known, so that no stranger has anybody wait. */
  readonly honourBookmark: RequestHandler;
}

/** Routes for `operations`. A path that is known but not with the method of a request answers 405. */
export function mountOperations(operations: readonly Operation[], stages: Stages): Router {
  const router = Router({ caseSensitive: true });
  const readBody = createBodyReader();
  for (const [path, ofPath] of Map.groupBy(operations, ({ path }) => path)) {
    const route = router.route(toExpressPath(path));
    for (const operation of ofPath) {
      route[operation.method](
        noteRoute(operation),
        ...(operation.access === 'everyone' ? [] : [stages.checkHost]),
        ...(operation.writes ? [stages.gate] : []),
        admit(operation, stages),
        ...(operation.writes ? stages.writeLimits : []),
        ...(operation.honoursBookmarks ? [stages.honourBookmark] : []),
        ...(operation.inputs.body === undefined ? [] : [readBody]),
        (request, response) => operation.run(request, response),
      );
    }
    route.all(
      otherMethods(
        ofPath,
        operations.filter((other) => isShadowed(other, path)),
      ),
    );
  }
  return router;
}

/** Express writes `{slug}` as `:slug`, and a plus sign has a meaning of its own there. */
function toExpressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1').replaceAll('+', '\\+');
}

function noteRoute({ path }: Operation): RequestHandler {
  return (request, _response, next) => {
    factsOf(request).route = path;
    next();
  };
}

/** Finds out who calls, and whether they may. What everyone may do asks nobody for a key. */
function admit({ access }: Operation, stages: Stages): RequestHandler {
  return async (request, _response, next) => {
    if (access !== 'everyone') {
      const caller = await stages.authenticate(request);
      factsOf(request).caller = caller;
      requireAccess(caller, access, stages.access);
    }
    next();
  };
}

/** Whether `path` is one of the many that the operation has: `/links/bulk` is one of `/links/{slug}`. */
function isShadowed(operation: Operation, path: string): boolean {
  const parts = path.split('/');
  const template = operation.path.split('/');
  return (
    operation.path !== path &&
    template.length === parts.length &&
    template.every((part, index) => part.startsWith('{') || part === parts[index])
  );
}

/** Answers methods that a path does not have, and passes on those that it has by a wider pattern. */
function otherMethods(
  operations: readonly Operation[],
  shadowed: readonly Operation[],
): RequestHandler {
  const toMethods = ({ method }: Operation) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
  const passed = shadowed.flatMap(toMethods);
  const allow = [...operations.flatMap(toMethods), ...passed];
  return (request, response, next) => {
    if (passed.includes(request.method)) return next();
    if (request.method !== 'OPTIONS') {
      throw new Failure('method_not_allowed', `The methods here are ${allow.join(', ')}.`, {
        allow,
      });
    }
    response.setHeader('Allow', ['OPTIONS', ...allow].join(', '));
    response.status(204).end();
  };
}

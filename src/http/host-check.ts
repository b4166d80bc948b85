import type { RequestHandler } from 'express';
import { Failure } from '../domain/failure.ts';
import type { AccessMode } from './caller.ts';
import { isOwnHost } from './own-host.ts';
import { arrivalOf } from './request-facts.ts';

/**
 * In open mode a `Host` that is not our own is `misdirected` (RFC 9110 section 7.4). A page whose name was
 * rebound to our address is "same-origin" to the browser, and only that name gives it away. Where keys are
 * required the browser has nothing to give to such a page: its session belongs to our own name.
 */
export function createHostCheck(baseUrl: string, access: AccessMode): RequestHandler {
  return (request, _response, next) => {
    const checked = access === 'open' && arrivalOf(request).via === 'public';
    if (checked && !isOwnHost(request.headers.host, baseUrl)) {
      const detail = `This service is at ${baseUrl}.`;
      throw new Failure('misdirected', detail, { errors: [{ pointer: 'Host', detail }] });
    }
    next();
  };
}

import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** What a page may do: nothing but load our own files and send its forms back to us. */
const policy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
};

/**
 * Headers of every answer of the app. `Referrer-Policy: same-origin` rather than none: without any referrer
 * browsers send `Origin: null` with our own forms, which would then look like somebody else's.
 */
export function createSecurityHeaders(baseUrl: string): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: policy },
    strictTransportSecurity: baseUrl.startsWith('https:')
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
}

/** The policy of the Swagger UI page: it asks the API, and its style sheet holds pictures. */
export function createDocsPolicy(): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: { ...policy, 'img-src': ["'self'", 'data:'], 'connect-src': ["'self'"] },
  });
}

/** Nothing that depends on who asks is kept by anybody; handlers that allow more say so. */
export const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};

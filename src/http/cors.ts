import cors from 'cors';
import type { RequestHandler } from 'express';

/**
 * Lets pages of `origins` use the API with a key of their own, and no others. Cookies never go with such
 * requests. Preflights are answered here, on every node.
 */
export function createCors(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Hoplite-Bookmark',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Prefer',
      'X-Request-Id',
    ],
    exposedHeaders: [
      'Content-Disposition',
      'Durability',
      'ETag',
      'Hoplite-Bookmark',
      'Link',
      'Live-In',
      'Location',
      'Preference-Applied',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
    ],
    maxAge: 600,
  });
}

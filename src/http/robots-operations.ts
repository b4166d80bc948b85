import { z } from 'zod';
import { defineOperation, type Operation } from './operation.ts';

/**
 * Crawlers may follow short URLs: that is how a post in a chat gets its preview card, and how they see the
 * `X-Robots-Tag: noindex` of a redirect, which a page they must not fetch cannot tell them.
 */
const robots = `User-agent: *
Disallow: /api/
Disallow: /docs
Disallow: /session
Disallow: /*+$
`;

/** What clients ask every host for by convention. */
export function createRobotsOperations(): readonly Operation[] {
  const frame = { method: 'get', tag: 'Pages', access: 'everyone', writes: false } as const;
  return [
    defineOperation({
      ...frame,
      id: 'getRobots',
      path: '/robots.txt',
      summary: 'What crawlers may fetch (RFC 9309)',
      responses: {
        200: { description: 'The rules.', content: { 'text/plain': { schema: z.string() } } },
      },
      handle({ response }) {
        response.setHeader('Cache-Control', 'public, max-age=86400');
        response.type('text/plain').send(robots);
      },
    }),
    defineOperation({
      ...frame,
      id: 'getFavicon',
      path: '/favicon.ico',
      summary: 'Nothing: pages name their own icon',
      responses: { 204: { description: 'No icon.' } },
      handle({ response }) {
        response.setHeader('Cache-Control', 'public, max-age=86400');
        response.status(204).end();
      },
    }),
  ];
}

import { z } from 'zod';
import { type Bookmarks, countReached } from '../domain/bookmark.ts';
import { Failure } from '../domain/failure.ts';
import { defineOperation, type Operation } from './operation.ts';
import { parsePreferredWait, preferParameter } from './prefer-wait.ts';

const positionSchema = z
  .object({
    bookmark: z.string(),
    lost: z.boolean().nullable().meta({
      description:
        'Whether a failover has lost it, as the primary says; null while no primary answers.',
    }),
    reached: z.int().min(0).meta({ description: 'How many nodes are there.' }),
    nodes: z.int().min(1).meta({ description: 'How many are known.' }),
    perNode: z.array(
      z.object({
        node: z.string(),
        region: z.string().nullable(),
        reached: z.boolean().nullable().meta({ description: 'null when it does not answer.' }),
      }),
    ),
  })
  .meta({ id: 'BookmarkPosition' });

/** Tells where a write is by now. */
export function createPositionsOperation({
  bookmarks,
}: {
  readonly bookmarks: Pick<Bookmarks, 'parse' | 'askFleet'>;
}): Operation {
  return defineOperation({
    id: 'getPosition',
    method: 'get',
    path: '/api/v1/positions/{bookmark}',
    tag: 'Node',
    summary: 'Which nodes have what a bookmark names',
    access: 'user',
    writes: false,
    params: {
      path: z.object({ bookmark: z.string() }),
      query: z.strictObject({}),
      headers: z.object(preferParameter),
    },
    responses: {
      200: {
        description: 'The nodes that this one knows, itself first, and whether they are there.',
        content: { 'application/json': { schema: positionSchema } },
      },
    },
    failures: ['not_found'],
    async handle({ path: { bookmark: text }, headers, response }) {
      const bookmark = bookmarks.parse(text);
      if (bookmark === undefined) {
        throw new Failure('not_found', 'This fleet has given no such bookmark.');
      }
      const waitS = parsePreferredWait(headers.Prefer);
      const standing = await bookmarks.askFleet(bookmark, (waitS ?? 0) * 1000);
      if (standing === undefined) throw tooManyAsk();
      if (waitS !== undefined) response.setHeader('Preference-Applied', `wait=${waitS}`);
      response.json({
        bookmark: text,
        lost: standing.lost,
        reached: countReached(standing),
        nodes: standing.nodes.length,
        perNode: [...standing.nodes],
      } satisfies z.input<typeof positionSchema>);
    },
  });
}

function tooManyAsk(): Failure {
  return new Failure('unavailable', 'Too many ask for the positions of nodes at the moment.', {
    retryAfterS: 1,
  });
}

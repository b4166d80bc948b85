import { z } from 'zod';
import { Failure } from '../domain/failure.ts';
import type { DatabaseState } from './node-status.ts';
import { defineOperation, type Operation } from './operation.ts';

const content = { 'application/json': { schema: z.object({ ok: z.literal(true) }) } };

/**
 * Checks for whoever routes requests. Neither follows the primary: a node with data redirects without one,
 * and taking all nodes out at once is the opposite of what is wanted then. A node that is about to end still redirects,
 * and wants no new requests: `notice` says so to who looks.
 */
export function createHealthOperations(
  database: DatabaseState,
  notice: { look(): boolean },
): readonly Operation[] {
  const frame = { method: 'get', tag: 'Node', access: 'everyone', writes: false } as const;

  async function getSchemaVersion(): Promise<number> {
    const schemaVersion = await database.schemaVersion();
    if (schemaVersion === undefined) {
      throw new Failure('unavailable', 'This node has no copy of the links yet.', {
        retryAfterS: 2,
      });
    }
    return schemaVersion;
  }

  return [
    defineOperation({
      ...frame,
      id: 'getHealth',
      path: '/healthz',
      summary: 'Whether this node can redirect',
      responses: { 200: { description: 'It has a copy of the links.', content } },
      async handle({ response }) {
        if (notice.look()) {
          throw new Failure('unavailable', 'This node is about to end.', { retryAfterS: 1 });
        }
        await getSchemaVersion();
        response.json({ ok: true });
      },
    }),
    defineOperation({
      ...frame,
      id: 'getReadiness',
      path: '/readyz',
      summary: 'Whether this node can redirect, and its schema is one that it knows',
      responses: { 200: { description: 'It has both.', content } },
      async handle({ response }) {
        const schemaVersion = await getSchemaVersion();
        if (!database.isKnownSchema(schemaVersion)) {
          throw new Failure(
            'unavailable',
            `The schema of the links is ${schemaVersion}, which this version does not know.`,
            { retryAfterS: 10 },
          );
        }
        response.json({ ok: true });
      },
    }),
  ];
}

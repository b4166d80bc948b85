import { z } from 'zod';
import type { ApiKey, ApiKeyReader } from '../domain/api-key.ts';
import { generateApiKey } from '../domain/api-key-secret.ts';
import { maxKeyNameLength } from '../domain/api-keys.ts';
import { Failure } from '../domain/failure.ts';
import type { Random } from '../domain/random.ts';
import type { NameShown } from './honour-bookmark.ts';
import { toIsoTime } from './link-json.ts';
import { defineOperation, type Operation } from './operation.ts';
import type { Write } from './write.ts';

const tag = 'Keys';
const collection = '/api/v1/keys';

const name = z.string().meta({
  description: `What its owner calls it: one line of 1 to ${maxKeyNameLength} characters.`,
  example: 'newsletter',
});
const keyShape = {
  id: z.string(),
  name,
  prefix: z.string().meta({ description: 'Public first part of the key, to tell keys apart.' }),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
};
const keySchema = z.object(keyShape).meta({ id: 'Key' });
const createdKeySchema = z
  .object({ ...keyShape, key: z.string().meta({ description: 'The whole key, shown this once.' }) })
  .meta({ id: 'CreatedKey' });
const newKeySchema = z.strictObject({ name }).meta({ id: 'NewKey' });

/** What the API can do with keys: for the admin key and operators alone. */
export function createKeysOperations(deps: {
  readonly keys: Pick<ApiKeyReader, 'listKeys'>;
  readonly write: Write;
  readonly nameShown: NameShown;
  readonly random: Random;
}): readonly Operation[] {
  const { keys, write, nameShown, random } = deps;
  return [
    defineOperation({
      id: 'listKeys',
      method: 'get',
      path: collection,
      tag,
      summary: 'List keys, revoked ones too',
      access: 'administrator',
      writes: false,
      honoursBookmarks: true,
      params: { query: z.strictObject({}) },
      responses: {
        200: {
          description: 'All keys, without their secrets.',
          content: { 'application/json': { schema: z.object({ keys: z.array(keySchema) }) } },
        },
      },
      async handle({ response }) {
        const found = await keys.listKeys();
        await nameShown(response);
        response.json({ keys: found.map(toKeyJson) });
      },
    }),

    defineOperation({
      id: 'createKey',
      method: 'post',
      path: collection,
      tag,
      summary: 'Create a key',
      access: 'administrator',
      writes: true,
      commits: true,
      params: { query: z.strictObject({}) },
      body: { mediaTypes: ['application/json'], schema: newKeySchema },
      responses: {
        201: {
          description: 'The key. It is stored as a hash and never shown again.',
          content: { 'application/json': { schema: createdKeySchema } },
        },
      },
      async handle({ body, ...exchange }) {
        const { text, prefix, secretHash } = generateApiKey(random);
        const input = { name: body.name, prefix, secretHash };
        const { value: key } = await write(exchange, 'createKey', input);
        exchange.response.status(201).json({ ...toKeyJson(key), key: text });
      },
    }),

    defineOperation({
      id: 'revokeKey',
      method: 'delete',
      path: `${collection}/{id}`,
      tag,
      summary: 'Revoke a key',
      access: 'administrator',
      writes: true,
      commits: true,
      params: { path: z.object({ id: z.string() }), query: z.strictObject({}) },
      responses: {
        204: { description: 'The key, and every session opened with it, is no longer accepted.' },
      },
      failures: ['not_found'],
      async handle({ path, ...exchange }) {
        if (!/^[1-9]\d{0,14}$/.test(path.id)) {
          throw new Failure('not_found', 'There is no such key.');
        }
        await write(exchange, 'revokeKey', Number(path.id));
        exchange.response.status(204).end();
      },
    }),
  ];
}

function toKeyJson(key: ApiKey): z.output<typeof keySchema> {
  return {
    id: String(key.id),
    name: key.name,
    prefix: key.prefix,
    createdAt: toIsoTime(key.createdAt),
    revokedAt: key.revokedAt === null ? null : toIsoTime(key.revokedAt),
  };
}

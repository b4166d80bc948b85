import type { ApiKeyWriteStore } from './api-key.ts';
import type { Clock } from './clock.ts';
import { Failure, invalidField } from './failure.ts';
import { isSingleLine } from './single-line.ts';
import type { WriterCommands } from './writer.ts';

/** The name of a key holds at most this many UTF-16 units. */
export const maxKeyNameLength = 100;

/** The use cases that write keys. They run inside one transaction of the writer and await nothing. */
export function createApiKeys({
  store,
  clock,
}: {
  readonly store: ApiKeyWriteStore;
  readonly clock: Pick<Clock, 'now'>;
}): Pick<WriterCommands, 'createKey' | 'revokeKey'> {
  return {
    createKey({ name, prefix, secretHash }) {
      return store.insertKey({
        name: parseKeyName(name),
        prefix,
        secretHash,
        createdAt: clock.now(),
        revokedAt: null,
      });
    },

    revokeKey(id) {
      const key = store.findKeyById(id);
      if (key === undefined) throw new Failure('not_found', 'There is no such key.');
      if (key.revokedAt !== null) return key;
      const revoked = { ...key, revokedAt: clock.now() };
      store.updateKey(revoked);
      return revoked;
    },
  };
}

/** The name without white space around it. Throws `invalid` at `/name`. */
function parseKeyName(text: string): string {
  const name = text.trim();
  if (name === '') throw invalidField('/name', 'A key has a name.');
  if (name.length > maxKeyNameLength) {
    throw invalidField('/name', `The name of a key has at most ${maxKeyNameLength} characters.`);
  }
  if (!isSingleLine(name)) {
    throw invalidField('/name', 'The name of a key has no control characters and no line breaks.');
  }
  return name;
}

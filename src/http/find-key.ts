import type { ApiKey, ApiKeyReader } from '../domain/api-key.ts';
import { findKeyPrefix, hashSecret, isSecret } from '../domain/api-key-secret.ts';
import type { CatchUp } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { SessionHolder } from './session.ts';

/** Whose secret was shown, or session: a key that is not revoked, or the operator's `ADMIN_KEY`. */
export type SecretOwner =
  | { readonly is: 'key'; readonly keyId: number; readonly prefix: string }
  | Extract<SessionHolder, { readonly is: 'admin' }>;

/** Finds the owners of secrets and sessions in this node's copy. */
export interface KeyFinder {
  /** The owner of a secret as it came with a request; `undefined` when it is nobody's. */
  findOwner(secret: string): Promise<SecretOwner | undefined>;
  /** The owner of a session; `undefined` when the key is revoked or gone, or no `ADMIN_KEY` any more. */
  findHolder(holder: SessionHolder): Promise<SecretOwner | undefined>;
}

/**
 * A key that this node does not know may have been made a moment ago on the primary: the node catches up
 * and looks again, as it does for links. Throws `unavailable` when it cannot.
 */
export function createKeyFinder(deps: {
  readonly keys: ApiKeyReader;
  readonly catchUp: CatchUp;
  /** All that are good; several while they are replaced. */
  readonly adminKeys: readonly string[];
}): KeyFinder {
  const adminHashes = deps.adminKeys.map(hashSecret);
  const fingerprints = adminHashes.map((hash) => hashSecret(hash).slice(0, 32));

  async function findKnown(prefix: string): Promise<ApiKey | undefined> {
    const known = await deps.keys.findKeyByPrefix(prefix);
    if (known !== undefined) return known;
    if (!(await deps.catchUp.catchUp())) throw cannotTell();
    return deps.keys.findKeyByPrefix(prefix);
  }

  return {
    async findOwner(secret) {
      // All comparisons are always made, so that the time does not tell which one a guess came close to.
      const matched = adminHashes.map((hash) => isSecret(secret, hash)).indexOf(true);
      const fingerprint = fingerprints[matched];
      if (fingerprint !== undefined) return { is: 'admin', fingerprint };
      const prefix = findKeyPrefix(secret);
      if (prefix === undefined) return undefined;
      const key = await findKnown(prefix);
      const matches = isSecret(secret, key?.secretHash);
      return matches ? toOwner(key) : undefined;
    },

    async findHolder(holder) {
      if (holder.is === 'key') return toOwner(await findKnown(holder.prefix));
      return fingerprints.includes(holder.fingerprint) ? holder : undefined;
    },
  };
}

function toOwner(key: ApiKey | undefined): SecretOwner | undefined {
  if (key === undefined || key.revokedAt !== null) return undefined;
  return { is: 'key', keyId: key.id, prefix: key.prefix };
}

function cannotTell(): Failure {
  return new Failure(
    'unavailable',
    'This node cannot reach the primary at the moment, so it cannot tell whether this key exists.',
    { retryAfterS: 1 },
  );
}

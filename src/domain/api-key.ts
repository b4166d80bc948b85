/** A key for the API, as stored: never the secret itself. */
export interface ApiKey {
  readonly id: number;
  /** What its owner calls it, 1 to 100 characters. */
  readonly name: string;
  /** Public first part of the key, by which it is looked up. */
  readonly prefix: string;
  /** SHA-256 of the whole key, hex. */
  readonly secretHash: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

/** Reads keys from this node's copy. */
export interface ApiKeyReader {
  findKeyByPrefix(prefix: string): Promise<ApiKey | undefined>;
  listKeys(): Promise<readonly ApiKey[]>;
}

/** Writes keys, in the writer's transaction. */
export interface ApiKeyWriteStore {
  findKeyById(id: number): ApiKey | undefined;
  /** Throws `conflict` when the prefix is taken. */
  insertKey(key: Omit<ApiKey, 'id'>): ApiKey;
  /** Sets `revokedAt`; the rest of a key never changes. */
  updateKey(key: ApiKey): void;
}

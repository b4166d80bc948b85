import type { DatabaseName, InspectDatabase } from '../domain/database-facts.ts';
import type { Bucket } from './bucket.ts';

/** What backups need of `BACKUP_KEY`. */
export interface KeyRing {
  sign(bytes: Uint8Array): Signature;
  /** Whether somebody with one of the keys has signed exactly these bytes. */
  isSignedBy(bytes: Uint8Array, signature: Signature): boolean;
  encrypt(plain: Uint8Array): Uint8Array;
  /** Throws when none of the keys encrypted it, or it was changed. */
  decrypt(encrypted: Uint8Array): Uint8Array;
  /** A name for a content, hex: the same for the same content and first key, and nothing to who has no key. */
  nameOf(plain: Uint8Array): string;
}

/** A signature as it stands in a document. */
export interface Signature {
  readonly keyId: string;
  readonly signature: string;
}

/** A bucket with backups, and what it takes to make and to read them. */
export interface BackupStore {
  readonly bucket: Bucket;
  readonly keys: KeyRing;
  /** Whether parts are encrypted from now on. */
  readonly encrypt: boolean;
  /** Version of this program. */
  readonly release: string;
  /** The newest migration of each database that this release has. */
  readonly schemas: Readonly<Record<DatabaseName, string>>;
  readonly inspect: InspectDatabase;
}

import type { BackupKeys } from './backup-keys.ts';
import { toCanonicalJson } from './canonical-json.ts';
import { SnapshotFault } from './snapshot-fault.ts';

/** Puts a document and the signature of its canonical text together, as JSON. */
export function signDocument(content: object, keys: BackupKeys): Uint8Array {
  const { keyId, signature } = keys.sign(toSignedBytes(content));
  return Buffer.from(`${JSON.stringify({ ...content, keyId, signature })}\n`);
}

/**
 * Gives the content of a signed document, and the id of the key that signed it. Throws a `SnapshotFault` that names it by
 * `title` when it is none, when nobody with one of the keys signed exactly this (`damaged`), or when it names a key that is
 * not ours (`other_key`).
 */
export function readSignedDocument(
  body: Uint8Array,
  title: string,
  keys: BackupKeys,
): { readonly content: unknown; readonly keyId: string } {
  const { keyId, signature, ...content } = readUnsignedDocument(body, title);
  if (typeof keyId !== 'string' || typeof signature !== 'string') {
    throw new SnapshotFault('damaged', `${title} is not signed`);
  }
  if (!keys.knows(keyId)) {
    if (keys.haveSigned(toSignedBytes(content), signature)) {
      throw new SnapshotFault('damaged', `${title} does not name the key that signed it`);
    }
    throw new SnapshotFault(
      'other_key',
      `${title} is signed with the key ${keyId.slice(0, 64)}, which BACKUP_KEY does not hold: if it was changed, add the old one at its end, behind a comma`,
    );
  }
  if (!keys.isSignedBy(toSignedBytes(content), { keyId, signature })) {
    throw new SnapshotFault('damaged', `${title} is not as it was signed`);
  }
  return { content, keyId };
}

/** Gives a document as it stands. Throws a `SnapshotFault` when it is none. */
export function readUnsignedDocument(body: Uint8Array, title: string): Record<string, unknown> {
  const document = parseObject(body);
  if (document === undefined) throw new SnapshotFault('damaged', `${title} is not JSON`);
  return document;
}

/** Whether a document says that it is signed. */
export function hasSignature(body: Uint8Array): boolean {
  const document = parseObject(body);
  return document !== undefined && ('signature' in document || 'keyId' in document);
}

function toSignedBytes(content: object): Uint8Array {
  return Buffer.from(toCanonicalJson(content));
}

function parseObject(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

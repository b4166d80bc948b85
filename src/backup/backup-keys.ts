import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Why something encrypted cannot be read. */
export class BackupKeyFailure extends Error {
  override readonly name = 'BackupKeyFailure';
  /** `unknown_key`: made with a key that is not among ours; `damaged`: not what was made. */
  readonly reason: 'unknown_key' | 'damaged';

  constructor(reason: 'unknown_key' | 'damaged', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What one secret gives. */
interface DerivedKeys {
  /** 16 hex digits that tell this key from others, and nothing about it. */
  readonly id: string;
  readonly signing: Buffer;
  readonly encryption: Buffer;
  readonly naming: Buffer;
}

// Format (1 byte), key id, nonce, ciphertext, tag.
const format = 1;
const idBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + idBytes + nonceBytes;

/**
 * The secrets of `BACKUP_KEY` at work. The first signs, encrypts and names; all verify and decrypt, so that a secret is changed by
 * putting a new one before it, and taken away when no backup needs it any more.
 *
 * From each secret HKDF-SHA-256 (RFC 5869) derives a key for each purpose. Signatures are HMAC-SHA-256, encryption is
 * AES-256-GCM with random 96-bit nonces: a million parts a day stay below NIST's bound of 2^32 a key (SP 800-38D, 8.3) for
 * eleven years.
 */
export class BackupKeys {
  readonly #first: DerivedKeys;
  readonly #byId: ReadonlyMap<string, DerivedKeys>;

  /** @param secrets at least one */
  constructor(secrets: readonly string[]) {
    const [first, ...others] = secrets.map(derive);
    if (first === undefined) throw new TypeError('no key for backups');
    this.#first = first;
    this.#byId = new Map([first, ...others].map((keys) => [keys.id, keys]));
  }

  /** Whether a key with this id is among ours. */
  knows(keyId: string): boolean {
    return this.#byId.has(keyId);
  }

  /** Whether it is the id of the first key, the one that signs, encrypts and names. */
  isFirst(keyId: string): boolean {
    return this.#first.id === keyId;
  }

  /** Signs bytes with the first key. */
  sign(bytes: Uint8Array): { readonly keyId: string; readonly signature: string } {
    const { id, signing } = this.#first;
    return { keyId: id, signature: hmac(signing, bytes).toString('hex') };
  }

  /** Whether the key that the signature names is one of ours, and has signed exactly these bytes. */
  isSignedBy(
    bytes: Uint8Array,
    { keyId, signature }: { readonly keyId: string; readonly signature: string },
  ): boolean {
    const keys = this.#byId.get(keyId);
    if (keys === undefined || !/^[0-9a-f]{64}$/.test(signature)) return false;
    return timingSafeEqual(hmac(keys.signing, bytes), Buffer.from(signature, 'hex'));
  }

  /** Whether one of our keys has signed exactly these bytes, whatever key the signature is said to be of. */
  haveSigned(bytes: Uint8Array, signature: string): boolean {
    return [...this.#byId.keys()].some((keyId) => this.isSignedBy(bytes, { keyId, signature }));
  }

  /** Encrypts with the first key; never twice to the same bytes. */
  encrypt(plain: Uint8Array): Uint8Array {
    const { id, encryption } = this.#first;
    const nonce = randomBytes(nonceBytes);
    const head = Buffer.concat([Uint8Array.of(format), Buffer.from(id, 'hex'), nonce]);
    const cipher = createCipheriv('aes-256-gcm', encryption, nonce, { authTagLength: tagBytes });
    cipher.setAAD(head);
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Gives what was encrypted with one of the keys. Throws a `BackupKeyFailure`. */
  decrypt(encrypted: Uint8Array): Uint8Array {
    const bytes = Buffer.from(encrypted.buffer, encrypted.byteOffset, encrypted.byteLength);
    if (bytes.length < headBytes + tagBytes || bytes[0] !== format) {
      throw new BackupKeyFailure('damaged', 'It is nothing that Hoplite has encrypted.');
    }
    const id = bytes.toString('hex', 1, 1 + idBytes);
    const keys = this.#byId.get(id);
    if (keys === undefined) {
      throw new BackupKeyFailure(
        'unknown_key',
        `It was encrypted with the key ${id}, which BACKUP_KEY does not hold: add that key at its end, behind a comma.`,
      );
    }
    const head = bytes.subarray(0, headBytes);
    const nonce = head.subarray(1 + idBytes);
    const decipher = createDecipheriv('aes-256-gcm', keys.encryption, nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(head);
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const plain = decipher.update(bytes.subarray(headBytes, -tagBytes));
    try {
      return Buffer.concat([plain, decipher.final()]);
    } catch (cause) {
      throw new BackupKeyFailure('damaged', 'It is not as it was encrypted.', { cause });
    }
  }

  /**
   * A name for a content, 64 hex digits: the same for the same content and the same first key. Keyed, so that who sees the
   * names in a bucket cannot tell whether it holds a content that they know.
   */
  nameOf(plain: Uint8Array): string {
    return hmac(this.#first.naming, plain).toString('hex');
  }
}

function derive(secret: string): DerivedKeys {
  const key = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, 'hoplite', `backup ${purpose}`, bytes));
  return {
    id: key('key id', idBytes).toString('hex'),
    signing: key('signature', 32),
    encryption: key('encryption', 32),
    naming: key('part name', 32),
  };
}

function hmac(key: Buffer, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BackupKeyFailure, BackupKeys } from '../../src/backup/backup-keys.ts';

const [oldSecret, newSecret] = ['old '.repeat(10), 'new '.repeat(10)] as const;
const old = new BackupKeys([oldSecret]);
const rotating = new BackupKeys([newSecret, oldSecret]);
const fresh = new BackupKeys([newSecret]);
const bytes = Buffer.from('a manifest');

function failureOf(work: () => unknown): BackupKeyFailure {
  try {
    work();
  } catch (error) {
    if (error instanceof BackupKeyFailure) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

describe('a signature', () => {
  test('holds for the bytes that were signed, and for no others', () => {
    const signed = old.sign(bytes);
    expect(old.isSignedBy(bytes, signed)).toBe(true);
    expect(old.isSignedBy(Buffer.from('a manifesu'), signed)).toBe(false);
    expect(old.isSignedBy(bytes.subarray(1), signed)).toBe(false);
  });

  test.each([
    ['of another key, under the id of ours', fresh.sign(bytes).signature],
    ['of nothing', ''],
    ['cut short', old.sign(bytes).signature.slice(2)],
    ['with more behind it', `${old.sign(bytes).signature}00`],
    ['in other letters', old.sign(bytes).signature.toUpperCase()],
  ])('%s does not hold', (_, signature) => {
    const { keyId } = old.sign(bytes);
    expect(old.isSignedBy(bytes, { keyId, signature })).toBe(false);
  });

  test('is no name and no other purpose of the same bytes', () => {
    expect(old.nameOf(bytes)).not.toBe(old.sign(bytes).signature);
  });
});

describe('encryption', () => {
  test.each([0, 1, 15, 16, 17, 1_048_576])('gives %i bytes back', (length) => {
    const plain = randomBytes(length);
    const encrypted = old.encrypt(plain);
    expect(encrypted.length).toBe(length + 37);
    expect(Buffer.from(old.decrypt(encrypted)).equals(plain)).toBe(true);
  });

  test('shows nothing of a content, not even that two are the same', () => {
    const plain = Buffer.from('https://example.com/a-destination');
    const [a, b] = [old.encrypt(plain), old.encrypt(plain)].map((each) => Buffer.from(each));
    expect(a?.includes('destination')).toBe(false);
    expect(a?.equals(b as Buffer)).toBe(false);
  });

  test('notices each changed bit and each lost byte', () => {
    const encrypted = old.encrypt(Buffer.from('short'));
    for (let bit = 0; bit < encrypted.length * 8; bit += 1) {
      const changed = Buffer.from(encrypted);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // Within the id it is another key's.
      const isId = bit >> 3 >= 1 && bit >> 3 < 9;
      expect(failureOf(() => old.decrypt(changed)).reason).toBe(isId ? 'unknown_key' : 'damaged');
    }
    for (let length = 0; length < encrypted.length; length += 1) {
      expect(failureOf(() => old.decrypt(encrypted.slice(0, length))).reason).toBe('damaged');
    }
  });

  test('reads a view into a larger buffer', () => {
    const encrypted = old.encrypt(bytes);
    const around = new Uint8Array(encrypted.length + 10);
    around.set(encrypted, 5);
    const view = around.subarray(5, 5 + encrypted.length);
    expect(Buffer.from(old.decrypt(view)).equals(bytes)).toBe(true);
  });
});

describe('names', () => {
  test('are the same for the same content and key, and betray nothing without it', () => {
    expect(old.nameOf(bytes)).toMatch(/^[0-9a-f]{64}$/);
    expect(new BackupKeys([oldSecret, newSecret]).nameOf(bytes)).toBe(old.nameOf(bytes));
    expect(fresh.nameOf(bytes)).not.toBe(old.nameOf(bytes));
    expect(old.nameOf(Buffer.from('another'))).not.toBe(old.nameOf(bytes));
  });
});

describe('changing the key', () => {
  test('the new one signs and encrypts, both are believed, and then the old one is not', () => {
    const [signedBefore, encryptedBefore] = [old.sign(bytes), old.encrypt(bytes)];
    expect(rotating.isSignedBy(bytes, signedBefore)).toBe(true);
    expect(Buffer.from(rotating.decrypt(encryptedBefore)).equals(bytes)).toBe(true);

    const [signedNow, encryptedNow] = [rotating.sign(bytes), rotating.encrypt(bytes)];
    expect(fresh.isSignedBy(bytes, signedNow)).toBe(true);
    expect(Buffer.from(fresh.decrypt(encryptedNow)).equals(bytes)).toBe(true);
    // So nodes that know the new key alone at its end read what is written meanwhile.
    const waiting = new BackupKeys([oldSecret, newSecret]);
    expect(waiting.isSignedBy(bytes, signedNow)).toBe(true);

    expect(fresh.knows(signedBefore.keyId)).toBe(false);
    expect(fresh.isSignedBy(bytes, signedBefore)).toBe(false);
    const failure = failureOf(() => fresh.decrypt(encryptedBefore));
    expect(failure.reason).toBe('unknown_key');
    expect(failure.message).toContain(
      `the key ${signedBefore.keyId}, which BACKUP_KEY does not hold`,
    );
  });

  test('no key is no ring', () => {
    expect(() => new BackupKeys([])).toThrow(TypeError);
  });

  test('what a key gives stays what it is: backups of years depend on it', () => {
    expect(old.sign(bytes)).toEqual({
      keyId: 'bb63e09c33cc8a8e',
      signature: '24ee71d390030e9a985f228890137aeba51429d397f42718c4d00da05bdb83c4',
    });
    expect(old.nameOf(bytes)).toBe(
      '06808a0ec31f5bf03b20f3d25e555ca46b38ddcf643c9e8070ede81125f36c80',
    );
    const encrypted = Buffer.from(
      '01bb63e09c33cc8a8e657cb1b962bbf639d7a1685d1b23fdb061f17bba25844f5f62f43910bf8bb5230d16380f9bd8',
      'hex',
    );
    expect(Buffer.from(old.decrypt(encrypted)).toString()).toBe('a manifest');
  });
});

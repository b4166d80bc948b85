import { describe, expect, it } from 'vitest';
import { type BackupNode, orderForBackup } from '../../src/backup/backup-turn.ts';

const base = { isCandidate: undefined, hasBucket: true, isFailing: false } as const;
const primary: BackupNode = { ...base, node: 'ams1', role: 'primary', isCandidate: true };
const candidate: BackupNode = { ...base, node: 'ams2', role: 'replica', isCandidate: true };
const near: BackupNode = { ...base, node: 'fra1', role: 'replica', isCandidate: false };
const far: BackupNode = { ...base, node: 'syd1', role: 'replica', isCandidate: false };

describe('who makes the backups', () => {
  it.each<[string, readonly BackupNode[], readonly string[]]>([
    ['a node alone', [primary], ['ams1']],
    ['the other candidate before the primary', [primary, candidate], ['ams2', 'ams1']],
    [
      'whoever is neither, by name',
      [primary, candidate, far, near],
      ['fra1', 'syd1', 'ams2', 'ams1'],
    ],
    [
      'a node whose guard says nothing counts as a candidate',
      [primary, candidate, { ...far, isCandidate: undefined }],
      ['ams2', 'syd1', 'ams1'],
    ],
    [
      'who knows no primary may be behind, and makes none',
      [{ ...primary, isFailing: true }, candidate, { ...far, role: 'detached' }],
      ['ams2', 'ams1'],
    ],
    ['a node that joins has nothing', [primary, { ...far, role: 'joining' }], ['ams1']],
    ['nor has one without a bucket', [primary, { ...far, hasBucket: false }], ['ams1']],
    [
      'a node that fails comes after all that do not',
      [primary, candidate, { ...near, isFailing: true }],
      ['ams2', 'ams1', 'fra1'],
    ],
    [
      'when all fail they are in their usual order',
      [primary, candidate, near].map((node) => ({ ...node, isFailing: true })),
      ['fra1', 'ams2', 'ams1'],
    ],
  ])('%s', (_, nodes, expected) => {
    expect(orderForBackup(nodes)).toEqual(expected);
    expect(orderForBackup([...nodes].reverse())).toEqual(expected);
  });
});

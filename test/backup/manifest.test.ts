import { expect, it } from 'vitest';
import { backupFormat, type Manifest, parseManifest } from '../../src/backup/manifest.ts';
import { SnapshotFault } from '../../src/backup/snapshot-fault.ts';

const hash = 'a'.repeat(64);
const links = {
  takenAt: '2026-11-30T00:55:46.123Z',
  position: { txid: '00000000000000ff', checksum: '8000000000000001' },
  schema: '0002_bulk_idempotency.sql',
  bytes: 4096,
  sha256: hash,
  counts: { links: 3 },
  contentHash: hash,
  encrypted: false,
  parts: [{ name: `${hash}-0123456789abcdef`, bytes: 4096, storedBytes: 100, sha256: hash }],
};
const sound: Manifest = {
  kind: 'backup',
  format: backupFormat,
  id: '0123abcd',
  takenAt: links.takenAt,
  node: 'ams-1',
  release: '1.2.3',
  clusterId: 'LFSC0123456789ABCDEF',
  epoch: 7,
  databases: { links, clicks: null },
};

it('is read, and what a later release of the same format added is left out', () => {
  expect(parseManifest({ ...sound, mood: 'good' }, 'x', '1.2.3')).toEqual(sound);
  const alone = {
    ...sound,
    clusterId: null,
    databases: { links: { ...links, position: null }, clicks: links },
  };
  expect(parseManifest(alone, 'x', '1.2.3')).toEqual(alone);
});

it('of a format to come is refused with both versions', () => {
  const content = { ...sound, format: 2, release: '9.0.0', databases: 'elsewhere' };
  const parse = () => parseManifest(content, 'backup b', '1.2.3');
  expect(parse).toThrow(
    'backup b was made by Hoplite 9.0.0, in format 2; this is 1.2.3, which knows up to format 1.',
  );
  expect(parse).toThrow(expect.objectContaining({ kind: 'newer' }));
});

const withPart = (part: object) => ({
  ...sound,
  databases: { links: { ...links, parts: [{ ...links.parts[0], ...part }] }, clicks: null },
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['text', 'a'],
  ['no format', { ...sound, format: undefined }],
  ['format 0', { ...sound, format: 0 }],
  ['a part whose name leads elsewhere', withPart({ name: `../${hash}-0123456789abcdef` })],
  ['a part that would fill the memory', withPart({ bytes: 2 ** 40 })],
  ['a part that is too much to read', withPart({ storedBytes: 2 ** 30 })],
  ['half a byte', { ...sound, epoch: 0.5 }],
])('with %s is damaged', (_, content) => {
  const parse = () => parseManifest(content, 'backup b', '1.2.3');
  expect(parse).toThrow(SnapshotFault);
  expect(parse).toThrow(expect.objectContaining({ kind: 'damaged' }));
  expect(parse).toThrow(/^backup b is no manifest: /);
});

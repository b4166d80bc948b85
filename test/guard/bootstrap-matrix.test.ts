import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Txid } from '../../src/domain/position.ts';
import { decideBootstrap } from '../../src/guard/bootstrap/decide.ts';
import type {
  BootstrapFacts,
  ConsulFacts,
  PeerFacts,
  SnapshotFacts,
  VolumeFacts,
} from '../../src/guard/bootstrap/facts.ts';
import { readDocTable } from '../support/doc-table.ts';

/** docs/backup.md has what is expected; here is what its words mean. */
const page = readFileSync(join(import.meta.dirname, '../../docs/backup.md'), 'utf8');
const rows = readDocTable(page, 'In a fleet');

const id = 'LFSC0123456789ABCDEF';
const name = 'in the bucket';
const nothing: VolumeFacts = {
  dir: '/data/litefs',
  clusterId: undefined,
  databases: [],
  awaitsRestore: false,
  damage: undefined,
};
const volumes: Record<string, readonly VolumeFacts[]> = {
  empty: [nothing, { ...nothing, clusterId: id }],
  full: [
    { ...nothing, clusterId: id, databases: ['links.db'] },
    { ...nothing, clusterId: id, databases: ['clicks.db', 'links.db'], awaitsRestore: true },
  ],
  'half-written': [
    { ...nothing, clusterId: id, databases: ['clicks.db'] },
    { ...nothing, databases: ['clicks.db'] },
  ],
};
const ready: VolumeFacts = { ...nothing, clusterId: id, awaitsRestore: true };
const torn: VolumeFacts = { ...nothing, clusterId: id, databases: ['links.db'], damage: 'torn' };

const progress = { epoch: 3, txid: '000000000000000a' as Txid };
const peers: Record<string, readonly PeerFacts[]> = {
  up: [
    { is: 'answering', node: 'b', isPrimary: true, progress },
    { is: 'silent', node: 'd' },
  ],
  down: [
    { is: 'answering', node: 'c', isPrimary: false, progress: undefined },
    { is: 'silent', node: 'd' },
  ],
  none: [{ is: 'answering', node: 'c', isPrimary: false, progress: undefined }],
};
const there = { is: 'there', name: 'of Monday', clusterId: id } as const;
const backups: Record<string, readonly SnapshotFacts[]> = {
  none: [{ is: 'none' }, { is: 'none', name }],
  good: [there, { ...there, clusterId: undefined }],
  'newest damaged': [{ ...there, passedOver: 'That of Tuesday is damaged' }],
  'all damaged': [{ is: 'damaged', name, why: 'no signature' }],
  unreachable: [{ is: 'unreachable', name, why: 'no answer' }],
};
const named: ConsulFacts = {
  is: 'answering',
  key: 'hoplite/fleet/1',
  clusterId: id,
  holder: undefined,
  markEpoch: 3,
};
const worlds: Record<string, Partial<BootstrapFacts>> = {
  'Consul names the cluster': { consul: named },
  'the same, with `REBUILD=auto`': { consul: named, rebuild: 'auto' },
  'Consul names none': { consul: { ...named, clusterId: undefined, markEpoch: undefined } },
};

const given = (facts: Partial<BootstrapFacts>): BootstrapFacts => ({
  volume: nothing,
  consul: named,
  peers: [],
  knowsAllPeers: false,
  snapshot: { is: 'none' },
  rebuild: undefined,
  candidate: true,
  joined: false,
  waitedMs: 1e9,
  ...facts,
});

/** In the words of the page. */
function outcomeOf(facts: BootstrapFacts): string {
  const decision = decideBootstrap(facts);
  switch (decision.do) {
    case 'start':
      return decision.sentence.includes('founds') ? 'founds' : 'starts';
    case 'start as replica only':
      return 'follows';
    case 'wait':
      return 'waits';
    case 'restore':
      expect(decision.clusterId ?? id).toBe(id);
      return decision.sentence.includes('Tuesday is damaged') ? 'restores the older' : 'restores';
    case 'stop':
      return `stops ${decision.exitCode}`;
  }
}

test('the page has a row for each volume, peers and backup', () => {
  const expected = Object.keys(volumes).flatMap((volume) =>
    Object.keys(peers).flatMap((peer) =>
      Object.keys(backups).map((backup) => [volume, peer, backup]),
    ),
  );
  expect(rows.map(({ volume, peers: peer, backup }) => [volume, peer, backup])).toEqual(expected);
  expect(Object.keys(rows[0] ?? {}).slice(3)).toEqual(Object.keys(worlds));
});

describe.each(rows)('volume $volume, peers $peers, backup $backup', (row) => {
  test.each(Object.keys(worlds))('%s', (world) => {
    for (const volume of volumes[row.volume as string] ?? []) {
      for (const snapshot of backups[row.backup as string] ?? []) {
        const facts = given({
          volume,
          peers: peers[row.peers as string] ?? [],
          snapshot,
          ...worlds[world],
        });
        expect(outcomeOf(facts)).toBe(row[world]);
        const elsewhere = outcomeOf({ ...facts, candidate: false });
        expect(elsewhere).toBe(
          ['follows', 'starts'].includes(row[world] ?? '') ? row[world] : 'waits',
        );
      }
    }
  });
});

describe.each(Object.keys(peers))('the other half-written volumes, peers %s', (peer) => {
  test.each(Object.keys(worlds))('%s', (world) => {
    for (const snapshot of Object.values(backups).flat()) {
      const facts = given({ peers: peers[peer] ?? [], snapshot, ...worlds[world] });
      const hasPeer = peer === 'up';
      const expected = hasPeer ? (world === 'Consul names none' ? 'waits' : 'follows') : 'starts';
      expect(outcomeOf({ ...facts, volume: ready })).toBe(expected);
      expect(outcomeOf({ ...facts, volume: torn })).toBe('stops 65');
    }
  });
});

import { describe, expect, test } from 'vitest';
import type { Txid } from '../../src/domain/position.ts';
import { isClusterId } from '../../src/guard/bootstrap/cluster-id.ts';
import { decideBootstrap } from '../../src/guard/bootstrap/decide.ts';
import type { BootstrapDecision } from '../../src/guard/bootstrap/decision.ts';
import type {
  BootstrapFacts,
  ConsulFacts,
  PeerFacts,
  SnapshotFacts,
  VolumeFacts,
} from '../../src/guard/bootstrap/facts.ts';

const ours = 'LFSC0123456789ABCDEF';
const theirs = 'LFSCFEDCBA9876543210';

const volume = (facts: Partial<VolumeFacts> = {}): VolumeFacts => ({
  dir: '/data/litefs',
  clusterId: undefined,
  databases: [],
  awaitsRestore: false,
  damage: undefined,
  ...facts,
});
const full = volume({ clusterId: ours, databases: ['clicks.db', 'links.db'] });

const consul = (
  facts: Partial<Extract<ConsulFacts, { readonly is: 'answering' }>> = {},
): ConsulFacts => ({
  is: 'answering',
  key: 'hoplite/fleet/1',
  clusterId: undefined,
  holder: undefined,
  markEpoch: undefined,
  ...facts,
});
const known = consul({ clusterId: ours, markEpoch: 3 });
const unreachable: ConsulFacts = { is: 'unreachable', why: 'no answer within 2 s' };

const progress = { epoch: 3, txid: '000000000000000a' as Txid };
const withLinks: PeerFacts = { is: 'answering', node: 'b', isPrimary: false, progress };
const primary: PeerFacts = { is: 'answering', node: 'b', isPrimary: true, progress };
const without: PeerFacts = { is: 'answering', node: 'c', isPrimary: false, progress: undefined };
const silent: PeerFacts = { is: 'silent', node: 'd' };

const none: SnapshotFacts = { is: 'none' };
const snapshot: SnapshotFacts = { is: 'there', name: 'of Monday', clusterId: ours };
const away: SnapshotFacts = { is: 'unreachable', name: 'in the bucket', why: 'no answer' };
const rotten: SnapshotFacts = { is: 'damaged', name: 'in the bucket', why: 'no signature' };
const asked: SnapshotFacts = { is: 'asked for', name: 'in the bucket' };

const facts = (given: Partial<BootstrapFacts>): BootstrapFacts => ({
  volume: volume(),
  consul: consul(),
  peers: [],
  knowsAllPeers: true,
  snapshot: none,
  rebuild: undefined,
  candidate: true,
  joined: false,
  waitedMs: 0,
  ...given,
});

/** What the facts differ in from an empty candidate that is alone; what it does; a part of what it says. */
type Row = [
  name: string,
  given: Partial<BootstrapFacts>,
  does: BootstrapDecision['do'] | `stop ${number}`,
  says: string | RegExp,
];

const rows: Record<string, Row[]> = {
  'a full volume': [
    ['of the cluster that Consul names', { volume: full, consul: known }, 'start', ours],
    [
      'of it, whatever peers and backups have',
      { volume: full, consul: known, peers: [primary, silent], snapshot, rebuild: 'auto' },
      'start',
      ours,
    ],
    ['with Consul wiped', { volume: full }, 'start', 'may lead when no candidate is ahead'],
    [
      'with Consul wiped, beside one that only has links',
      { volume: full, peers: [withLinks, silent] },
      'start',
      ours,
    ],
    [
      'with Consul wiped, or another key, beside a primary',
      { volume: full, peers: [without, primary] },
      'start as replica only',
      'b says that it is primary',
    ],
    [
      'from before there was a Consul',
      { volume: volume({ databases: ['links.db'] }) },
      'start',
      'may lead',
    ],
    [
      'with Consul away',
      { volume: full, consul: unreachable },
      'start as replica only',
      'Consul does not answer (no answer within 2 s)',
    ],
    [
      'of another cluster',
      { volume: full, consul: consul({ clusterId: theirs }), peers: [primary], rebuild: 'auto' },
      'stop 78',
      new RegExp(
        `/data/litefs.* is of ${ours}.*hoplite/fleet/1/clusterid is ${theirs}.*mv /data/litefs .*consul kv delete hoplite/fleet/1/clusterid`,
      ),
    ],
    [
      'of no cluster, where Consul names one',
      { volume: volume({ databases: ['links.db'] }), consul: known },
      'stop 78',
      ours,
    ],
    [
      'with a damaged id',
      { volume: { ...full, clusterId: 'LFSC01' }, consul: known },
      'stop 78',
      `"LFSC01". Consul's hoplite/fleet/1/clusterid is ${ours}`,
    ],
    [
      'that LiteFS would empty',
      {
        volume: { ...full, damage: 'links.db is torn' },
        consul: known,
        peers: [primary],
        snapshot,
      },
      'stop 65',
      'damaged: links.db is torn. LiteFS would delete that database',
    ],
    [
      'that also waits for a restore',
      { volume: { ...full, awaitsRestore: true }, consul: known },
      'start',
      ours,
    ],
  ],
  'an empty volume, in a cluster that Consul knows': [
    [
      'beside a peer with links',
      { consul: known, peers: [withLinks] },
      'start as replica only',
      'b',
    ],
    [
      'beside a primary whose app does not answer yet',
      { consul: consul({ clusterId: ours, holder: 'a' }), peers: [silent] },
      'start as replica only',
      'a is in the cluster',
    ],
    [
      'no candidate, beside a peer with links',
      { consul: known, peers: [withLinks], candidate: false },
      'start as replica only',
      'b',
    ],
    [
      'that took the id before the data',
      { volume: volume({ clusterId: ours }), consul: known, peers: [withLinks] },
      'start as replica only',
      'cannot lead',
    ],
    [
      'that has only the clicks so far',
      { volume: volume({ clusterId: ours, databases: ['clicks.db'] }), consul: known },
      'wait',
      'no node that answers has its links',
    ],
    [
      'with all volumes lost and no backup',
      { consul: known, peers: [without, silent] },
      'wait',
      `(no answer from d). This node waits for one that has. If all volumes are lost, run "hoplite rebuild --cluster-id ${ours}`,
    ],
    [
      'with all volumes lost, for ever',
      { consul: known, waitedMs: 1e9 },
      'wait',
      'hoplite rebuild',
    ],
    [
      'with all volumes lost, no backup and REBUILD=auto',
      { consul: known, rebuild: 'auto' },
      'wait',
      'hoplite rebuild',
    ],
    ['with only a backup left', { consul: known, snapshot }, 'wait', 'REBUILD=auto'],
    [
      'with only a backup left and REBUILD=auto',
      { consul: known, snapshot, rebuild: 'auto' },
      'restore',
      'restoring of Monday',
    ],
    [
      'no candidate, with only a backup left and REBUILD=auto',
      { consul: known, snapshot, rebuild: 'auto', candidate: false },
      'wait',
      'of Monday',
    ],
    [
      'with a backup, beside a peer with links',
      { consul: known, snapshot, rebuild: 'auto', peers: [withLinks] },
      'start as replica only',
      'b',
    ],
    [
      'with a backup of another cluster',
      { consul: known, snapshot: { ...snapshot, clusterId: theirs }, rebuild: 'auto' },
      'wait',
      theirs,
    ],
    [
      'with a backup that cannot be read',
      { consul: known, snapshot: away, rebuild: 'auto', waitedMs: 59_000 },
      'wait',
      'a backup in the bucket cannot be told (no answer)',
    ],
    [
      'with a backup that cannot be read for a minute',
      { consul: known, snapshot: away, rebuild: 'auto', waitedMs: 60_000 },
      'stop 75',
      'does not start empty',
    ],
    [
      'with a backup that cannot be read, which a person would have to allow',
      { consul: known, snapshot: away, waitedMs: 1e9 },
      'wait',
      'does not start empty',
    ],
    [
      'with backups of which none can be restored',
      { consul: known, snapshot: rotten, rebuild: 'auto' },
      'stop 65',
      'The backups in the bucket cannot be restored (no signature)',
    ],
    [
      'with backups of which none can be restored, beside a peer with links',
      { consul: known, snapshot: rotten, rebuild: 'auto', peers: [withLinks] },
      'start as replica only',
      'b',
    ],
    [
      'no candidate, with backups of which none can be restored',
      { consul: known, snapshot: rotten, rebuild: 'auto', candidate: false },
      'wait',
      'Waiting for a node that has the links',
    ],
    [
      'with a backup that is being asked for',
      { consul: known, snapshot: asked, rebuild: 'auto' },
      'wait',
      'Asking for a backup in the bucket',
    ],
    [
      'with only a backup left and REBUILD=auto, where others may be starting that are not known yet',
      { consul: known, snapshot, rebuild: 'auto', knowsAllPeers: false, waitedMs: 9_999 },
      'wait',
      'Asking for 10 s whether another node has links.',
    ],
    [
      'with only a backup left and REBUILD=auto, where none has started within 10 s',
      { consul: known, snapshot, rebuild: 'auto', knowsAllPeers: false, waitedMs: 10_000 },
      'restore',
      'of Monday',
    ],
    [
      'with only a backup left and REBUILD=auto, beside a silent node',
      { consul: known, snapshot, rebuild: 'auto', peers: [silent] },
      'wait',
      'Asking for 10 s whether another node has links (no answer from d)',
    ],
    [
      'with only a backup left and REBUILD=auto, beside a node that stays silent',
      { consul: known, snapshot, rebuild: 'auto', peers: [silent], waitedMs: 10_000 },
      'restore',
      'REBUILD=auto: restoring of Monday',
    ],
    [
      'whose newest backup is damaged',
      {
        consul: known,
        snapshot: { ...snapshot, passedOver: 'That of Tuesday is damaged' },
        rebuild: 'auto',
      },
      'restore',
      'That of Tuesday is damaged. REBUILD=auto: restoring of Monday',
    ],
    [
      'where files are ready to be imported',
      { volume: volume({ clusterId: ours, awaitsRestore: true }), consul: known },
      'start',
      'leads with what "hoplite rebuild" has put ready',
    ],
    [
      'where files are ready, but a peer has links',
      {
        volume: volume({ clusterId: ours, awaitsRestore: true }),
        consul: known,
        peers: [withLinks],
      },
      'start as replica only',
      'b',
    ],
    [
      'whose founder this node is, which had not written yet',
      { volume: volume({ clusterId: ours }), consul: consul({ clusterId: ours }) },
      'start',
      'founds',
    ],
    [
      'whose data was there, and this node only took the id',
      { volume: volume({ clusterId: ours }), consul: known },
      'wait',
      'hoplite rebuild',
    ],
    [
      'of another cluster',
      { volume: volume({ clusterId: theirs }), consul: known, peers: [withLinks] },
      'stop 78',
      theirs,
    ],
  ],
  'a node that joined as a replica only': [
    [
      'does not lead without links, whoever is silent now',
      { joined: true, consul: known, peers: [silent], waitedMs: 1e9 },
      'start as replica only',
      'has no links yet',
    ],
    [
      'founds nothing when Consul is wiped meanwhile',
      { joined: true, waitedMs: 1e9 },
      'start as replica only',
      'has no links yet',
    ],
    [
      'is not judged by files that LiteFS writes to',
      { joined: true, volume: { ...full, damage: 'half a page' }, consul: known },
      'start',
      ours,
    ],
    [
      'may lead once it has the links',
      { joined: true, volume: full, consul: known },
      'start',
      ours,
    ],
  ],
  'an empty volume, with no cluster in Consul': [
    ['alone', {}, 'start', 'founds the cluster'],
    [
      'alone, where others may be starting that are not known yet',
      { knowsAllPeers: false, waitedMs: 9_999 },
      'wait',
      'waiting for 10 s for others that may be starting',
    ],
    [
      'alone, where none has started within 10 s',
      { knowsAllPeers: false, waitedMs: 10_000 },
      'start',
      'founds the cluster',
    ],
    ['beside others without links', { peers: [without] }, 'start', 'founds the cluster'],
    ['no candidate', { candidate: false }, 'wait', 'waiting for a candidate'],
    ['beside a peer with links', { peers: [withLinks] }, 'wait', 'b has links'],
    [
      'beside a peer with links, for ever, with a backup',
      { peers: [withLinks], waitedMs: 1e9, snapshot, rebuild: 'auto' },
      'wait',
      'b has links',
    ],
    [
      'beside one that is about to found it',
      { consul: consul({ holder: 'a' }) },
      'wait',
      'about to found',
    ],
    [
      'beside a node that is silent, which may have links, for ever',
      { peers: [without, silent], waitedMs: 1e9, rebuild: 'auto' },
      'wait',
      'may have links (no answer from d): this node founds no second cluster beside it',
    ],
    ['with a backup', { snapshot }, 'restore', 'Restoring of Monday before leading'],
    [
      'with a backup, beside a silent node, which may have newer links',
      { snapshot, peers: [silent], waitedMs: 1e9 },
      'wait',
      '(no answer from d). This node waits for one that has. If the links of all others are lost, set REBUILD=auto',
    ],
    [
      'with a backup, beside a silent node, and REBUILD=auto',
      { snapshot, peers: [silent], rebuild: 'auto', waitedMs: 10_000 },
      'restore',
      'restoring of Monday',
    ],
    [
      'with the id of another cluster than the backup',
      { volume: volume({ clusterId: theirs }), snapshot },
      'wait',
      `of another cluster, ${ours}, than ${theirs}`,
    ],
    [
      'where a bucket says that it holds none',
      { snapshot: { is: 'none', name: 'in the bucket' } },
      'start',
      'there is no backup in the bucket: this node founds the cluster',
    ],
    ['with a backup that is being asked for', { snapshot: asked, waitedMs: 1e9 }, 'wait', 'Asking'],
    ['with backups of which none can be restored', { snapshot: rotten }, 'stop 65', 'start empty'],
    [
      'with backups of which none can be restored, beside a silent node',
      { snapshot: rotten, peers: [silent], waitedMs: 1e9 },
      'wait',
      'does not start empty',
    ],
    ['with a backup, no candidate', { snapshot, candidate: false }, 'wait', 'restores'],
    [
      'with a backup that cannot be read',
      { snapshot: away, waitedMs: 59_000 },
      'wait',
      'does not start empty',
    ],
    [
      'with a backup that cannot be read for a minute',
      { snapshot: away, waitedMs: 60_000 },
      'stop 75',
      'does not start empty',
    ],
    [
      'where files are ready to be imported',
      { volume: volume({ clusterId: ours, awaitsRestore: true }), snapshot },
      'start',
      'leads with what "hoplite rebuild" has put ready',
    ],
    [
      'where a person wants it to be empty, whatever the bucket has and whoever is silent',
      {
        volume: volume({ clusterId: ours, databases: ['clicks.db'], awaitsRestore: true }),
        snapshot: rotten,
        peers: [silent],
      },
      'start',
      'leads with what "hoplite rebuild" has put ready',
    ],
    [
      'with clicks, whose links nobody has',
      { volume: volume({ databases: ['clicks.db'] }), peers: [without], waitedMs: 1e9 },
      'wait',
      'it has clicks.db: there were links once, and no node that answers has them. Start one',
    ],
    ['with Consul away', { consul: unreachable, waitedMs: 1e9 }, 'wait', 'Consul does not answer'],
    [
      'that had taken the id of a wiped Consul before the data',
      { volume: volume({ clusterId: ours }), peers: [withLinks] },
      'wait',
      'b has links',
    ],
  ],
};

describe.each(Object.entries(rows))('%s', (_, table) => {
  test.each(table)('%s', (_name, given, does, says) => {
    const decision = decideBootstrap(facts(given));
    expect(decision.do === 'stop' ? `stop ${decision.exitCode}` : decision.do).toBe(does);
    expect(decision.sentence).toMatch(says instanceof RegExp ? says : literally(says));
    if (decision.do === 'restore') expect(decision.clusterId).toBe(ours);
  });
});

function literally(text: string): RegExp {
  return new RegExp(RegExp.escape(text));
}

test('an empty node never leads where another one has links, whatever else is the case', () => {
  for (const clusterId of [undefined, ours])
    for (const awaitsRestore of [false, true])
      for (const databases of [[], ['clicks.db']])
        for (const consulFacts of [consul(), known, unreachable])
          for (const kept of [none, asked, snapshot, away, rotten])
            for (const candidate of [false, true])
              for (const waitedMs of [0, 1e9]) {
                const decision = decideBootstrap(
                  facts({
                    volume: volume({ clusterId, awaitsRestore, databases }),
                    consul: consulFacts,
                    peers: [silent, withLinks],
                    snapshot: kept,
                    rebuild: 'auto',
                    candidate,
                    waitedMs,
                  }),
                );
                expect(['wait', 'start as replica only']).toContain(decision.do);
              }
});

test('tells ids of clusters', () => {
  expect(
    [ours, 'LFSC', `${ours}0`, 'lfsc0123456789ABCDEF', '../../../../etc/pass', ''].map(isClusterId),
  ).toEqual([true, false, false, false, false, false]);
});

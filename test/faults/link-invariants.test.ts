import { equalCopies } from '../../scripts/faults/check/links/equal-copies.ts';
import { idempotentCreates } from '../../scripts/faults/check/links/idempotent-creates.ts';
import { localIsTold } from '../../scripts/faults/check/links/local-is-told.ts';
import { lostBookmarks } from '../../scripts/faults/check/links/lost-bookmarks.ts';
import { monotonicReads } from '../../scripts/faults/check/links/monotonic-reads.ts';
import { noLyingCommit } from '../../scripts/faults/check/links/no-lying-commit.ts';
import { noPhantom } from '../../scripts/faults/check/links/no-phantom.ts';
import { noReplayLoops } from '../../scripts/faults/check/links/no-replay-loops.ts';
import { noStaleWinner } from '../../scripts/faults/check/links/no-stale-winner.ts';
import { oneChain } from '../../scripts/faults/check/links/one-chain.ts';
import { readYourWrites } from '../../scripts/faults/check/links/read-your-writes.ts';
import { replicaNeverWrites } from '../../scripts/faults/check/links/replica-never-writes.ts';
import { replicatedSurvives } from '../../scripts/faults/check/links/replicated-survives.ts';
import { uniqueSlugs } from '../../scripts/faults/check/links/unique-slugs.ts';
import {
  changeFinal,
  destination,
  event,
  fault,
  finals,
  follow,
  operation,
  primary,
  txid,
  unknownWrite,
  write,
} from '../support/fault-history.ts';
import { testInvariant } from '../support/invariant-cases.ts';

const local = { durability: 'local' } as const;
const second = { arg: { destination: destination('a', 2) } };

testInvariant({
  invariant: replicatedSurvives,
  holds: {
    'what was created is everywhere': [
      write('create', 'a', 10),
      ...finals({ a: destination('a') }),
    ],
    'a later local update is lost': [
      write('create', 'a', 10),
      write('update', 'a', 20, { ...second, ...local }),
      ...finals({ a: destination('a') }),
    ],
    'a later update of unknown outcome is there': [
      write('create', 'a', 10),
      unknownWrite('update', 'a', 20, second),
      ...finals({ a: destination('a', 2) }),
    ],
    'what was deleted is nowhere': [
      write('create', 'a', 10),
      write('delete', 'a', 20),
      ...finals({}),
    ],
  },
  breaks: {
    'a create that is on no node': ['a was answered', write('create', 'a', 10), ...finals({})],
    'a create that is missing on one node': [
      'is not on iad1',
      write('create', 'a', 10),
      ...changeFinal(finals({ a: destination('a') }), 'iad1', { links: {} }),
    ],
    'an update that was undone': [
      'a was answered',
      write('create', 'a', 10),
      write('update', 'a', 20, second),
      ...finals({ a: destination('a') }),
    ],
    'a delete that was undone': [
      'a was answered',
      write('create', 'a', 10),
      write('delete', 'a', 20),
      ...finals({ a: destination('a') }),
    ],
  },
});

testInvariant({
  invariant: localIsTold,
  holds: {
    'what is lost had said local': [write('create', 'a', 10, local), ...finals({})],
    'header and body agree': [write('create', 'a', 10, { ...local, replicated: false })],
  },
  breaks: {
    'a success without a word of durability': [
      'does not say',
      { ...write('create', 'a', 10), durability: undefined },
    ],
    'a body that says otherwise than the header': [
      'differ',
      write('create', 'a', 10, { replicated: false }),
    ],
    'a local success in strict mode': [
      'strict',
      write('create', 'a', 10, { ...local, arg: { strict: true } }),
    ],
    'a lost write that said replicated': ['is lost', write('create', 'a', 10), ...finals({})],
  },
});

testInvariant({
  invariant: noLyingCommit,
  holds: {
    'each write is behind the one before': [write('create', 'a', 10), write('create', 'b', 20)],
    'writes that overlap share a commit': [
      write('create', 'a', 10, { returnedAt: 12 }),
      write('create', 'b', 11, { txid: txid(10) }),
    ],
    'a create that is sent again is where it was': [
      write('create', 'a', 10),
      write('create', 'a', 20, { txid: txid(10) }),
    ],
    'a local write is gone once another node is primary': [
      primary('ams1', 1, 5),
      write('create', 'a', 10, local),
      primary('ams2', 2, 20),
      follow('a', 30, null, { via: 'ams1' }),
    ],
    'another node does not have it yet': [
      primary('ams1', 1, 5),
      write('create', 'a', 10),
      follow('a', 30, null),
    ],
    'a replica that passed it on does not have it yet': [
      primary('ams1', 1, 5),
      write('create', 'a', 10, { node: 'iad1' }),
      follow('a', 30, null),
    ],
  },
  breaks: {
    'a success without a position': [
      'does not say where',
      { ...write('create', 'a', 10), txid: undefined },
    ],
    'a position that has not advanced': [
      'had reached already',
      write('create', 'a', 10),
      write('create', 'b', 20, { txid: txid(10) }),
    ],
    'a primary that does not have what it wrote': [
      'ams1 does not have',
      primary('ams1', 1, 5),
      write('create', 'a', 10, local),
      follow('a', 30, null, { via: 'ams1' }),
    ],
    'a primary that shows what was before its update': [
      'ams1 does not have',
      primary('ams1', 1, 5),
      write('create', 'a', 10),
      write('update', 'a', 20, second),
      follow('a', 30, destination('a'), { via: 'ams1' }),
    ],
  },
});

const sleeps = fault('stale-candidate', 5, 100, { targets: ['ams2'] });
const isAlone = fault('stale-candidate-alone', 5, 200_000, { targets: ['ams2'] });
const dies = event('node', 20, { node: 'ams1', state: 'down' });
const alarm = event('log', 70_000, {
  node: 'ams2',
  process: 'guard',
  kind: 'alarm',
  text: 'leads although it is behind',
});

testInvariant({
  invariant: noStaleWinner,
  holds: {
    'local writes survive a candidate that slept': [
      ...sleeps,
      write('create', 'a', 10, local),
      ...finals({ a: destination('a') }),
    ],
    'whoever is alone leads after the grace time': [
      ...isAlone,
      dies,
      primary('ams2', 2, 80_000),
      alarm,
    ],
  },
  breaks: {
    'a local write that is lost to the sleeper': [
      'while the other candidate slept',
      ...sleeps,
      write('create', 'a', 10, local),
      ...finals({}),
    ],
    'nobody who leads': ['never led', ...isAlone, dies],
    'a lead that comes late': [
      'led only after',
      ...isAlone,
      dies,
      primary('ams2', 2, 90_000),
      alarm,
    ],
    'a lead that nobody is told of': [
      'nobody was told',
      ...isAlone,
      dies,
      primary('ams2', 2, 80_000),
    ],
  },
});

const epoch2 = { epoch: 2, node: 'ams2' } as const;

testInvariant({
  invariant: oneChain,
  holds: {
    'the txid repeats after a local write was lost': [
      write('create', 'a', 10),
      write('create', 'b', 20, local),
      write('create', 'c', 30, { ...epoch2, txid: txid(20) }),
    ],
    'writes of one commit': [
      write('create', 'a', 10, { checksum: 'c1' }),
      write('create', 'b', 10, { checksum: 'c1' }),
    ],
  },
  breaks: {
    'two chains': [
      'two chains',
      write('create', 'a', 10, { ...epoch2, returnedAt: 40 }),
      write('create', 'b', 20, { returnedAt: 40 }),
    ],
    'one txid in two epochs': [
      'one txid',
      write('create', 'a', 10, { returnedAt: 40 }),
      write('create', 'b', 20, { ...epoch2, txid: txid(10), returnedAt: 40 }),
    ],
    'two checksums at one position': [
      'two checksums',
      write('create', 'a', 10, { checksum: 'c1' }),
      write('create', 'b', 10, { checksum: 'c2' }),
    ],
    'an old primary that acknowledges, be it locally': [
      'an epoch that was over',
      write('create', 'a', 10, epoch2),
      write('create', 'b', 20, local),
    ],
    'a place before that of an earlier answer': [
      'before the place',
      write('create', 'a', 10),
      write('create', 'b', 20, { txid: txid(5) }),
    ],
  },
});

const tx = (node: string, at: number, n: number, checksum: string) =>
  event('tx', at, { node, txid: txid(n), checksum });

testInvariant({
  invariant: replicaNeverWrites,
  holds: {
    'all nodes get the same': [tx('ams1', 10, 1, 'c1'), tx('iad1', 11, 1, 'c1')],
    'another primary went back behind it': [
      tx('ams1', 10, 1, 'c1'),
      tx('iad1', 11, 1, 'c1'),
      primary('ams2', 2, 100),
      tx('ams2', 99, 1, 'c2'),
    ],
    'the primary of the epoch answers': [
      primary('ams1', 1, 5),
      write('create', 'a', 10, { replays: 0 }),
    ],
    'a replica passes a write on': [
      primary('ams1', 1, 5),
      write('create', 'a', 10, { node: 'iad1', replays: 1 }),
      tx('ams1', 10, 1, 'c1'),
      tx('iad1', 11, 1, 'c1'),
    ],
    'a primary that hung finishes what it had begun': [
      ...fault('sigstop', 20, 200),
      tx('ams2', 10, 1, 'c1'),
      tx('iad1', 11, 1, 'c1'),
      tx('ams1', 150, 1, 'c2'),
    ],
  },
  breaks: {
    'two states under one txid': [
      'two states',
      tx('ams1', 10, 1, 'c1'),
      tx('iad1', 11, 1, 'c1'),
      tx('iad1', 12, 1, 'c2'),
    ],
    'a state that goes on after another primary replaced it': [
      'two states',
      tx('ams1', 10, 1, 'c1'),
      primary('ams2', 2, 100),
      tx('ams2', 101, 1, 'c2'),
      tx('iad1', 500, 1, 'c1'),
    ],
    'an answer of who was not primary': [
      'iad1 answered a write',
      primary('ams1', 1, 5),
      write('create', 'a', 10, { node: 'iad1', replays: 0 }),
    ],
    'an answer of a replica that was asked itself': [
      'iad1 answered a write',
      primary('ams1', 1, 5),
      write('create', 'a', 10, { node: 'iad1', arg: { direct: true } }),
    ],
  },
});

testInvariant({
  invariant: noReplayLoops,
  holds: {
    'a replay': [write('create', 'a', 10, { replays: 1 })],
    'a replay that is refused': [
      write('create', 'a', 10, { replays: 1, type: 'fail', status: 503, retryAfter: true }),
    ],
  },
  breaks: {
    'two replays': ['replayed 2 times', write('create', 'a', 10, { replays: 2 })],
    'a refusal without a time': [
      'without a time',
      write('create', 'a', 10, { replays: 1, type: 'fail', status: 503, retryAfter: false }),
    ],
  },
});

testInvariant({
  invariant: noPhantom,
  holds: {
    'what is written is read': [write('create', 'a', 10), follow('a', 20)],
    'a read while it is written': [write('create', 'a', 10, { returnedAt: 30 }), follow('a', 20)],
    'a create that nobody was told the slug of': [
      unknownWrite('create', 'a', 10, { key: null }),
      ...finals({ zzz: destination('a') }),
    ],
    'a delete that has not arrived everywhere': [
      write('create', 'a', 10),
      write('delete', 'a', 20),
      follow('a', 1_500),
    ],
    'a node that is cut off serves what was deleted': [
      write('create', 'a', 10),
      write('delete', 'a', 20),
      ...fault('replica-partitioned', 15, 9_000, { targets: ['iad1'] }),
      follow('a', 8_000),
    ],
    'a local delete that was lost': [
      write('create', 'a', 10),
      write('delete', 'a', 20, local),
      primary('ams2', 2, 30),
      follow('a', 8_000),
    ],
    'it is created again': [
      write('create', 'a', 10),
      write('delete', 'a', 20),
      write('recreate', 'a', 30, second),
      follow('a', 8_000, destination('a', 2)),
    ],
  },
  breaks: {
    'a destination that nobody wrote': ['nobody sent it', follow('a', 20)],
    'a destination of another slug': [
      'was not sent',
      write('create', 'b', 10),
      follow('a', 20, destination('b')),
    ],
    'a destination that was refused': [
      'refused',
      write('create', 'a', 10, { type: 'fail', status: 422 }),
      follow('a', 20),
    ],
    'a destination that is written later': ['not yet', follow('a', 10), write('create', 'a', 20)],
    'a list that shows what nobody made': [
      'nobody sent it',
      operation('list', 10, { value: { a: destination('a') } }),
    ],
    'a link in the end that nobody made': ['nobody made', ...finals({ a: destination('a') })],
    'a deleted link that is served': [
      'served again',
      write('create', 'a', 10),
      write('delete', 'a', 20),
      follow('a', 8_000),
    ],
  },
});

const bookmark = { epoch: 1, txid: txid(20) };

testInvariant({
  invariant: readYourWrites,
  holds: {
    'a link is followed elsewhere': [
      write('create', 'a', 10),
      { ...follow('a', 20), op: 'followNew' },
    ],
    'it is deleted meanwhile': [
      write('create', 'a', 10),
      write('delete', 'a', 20, { returnedAt: 40 }),
      follow('a', 30, null),
    ],
    'a local link is lost to another primary': [
      write('create', 'a', 10, local),
      primary('ams2', 2, 15),
      follow('a', 20, null),
    ],
    'a list shows the write of its bookmark': [
      write('create', 'a', 10),
      write('update', 'a', 20, second),
      operation('list', 30, { arg: { bookmark }, value: { a: destination('a', 2) } }),
    ],
    'a write behind the bookmark may be missing': [
      write('create', 'a', 10),
      write('update', 'a', 25, second),
      operation('get', 30, { key: 'a', arg: { bookmark }, value: destination('a') }),
    ],
  },
  breaks: {
    'a 404 right after the creation': [
      'says that it does not exist',
      write('create', 'a', 10),
      { ...follow('a', 20, null), op: 'followNew' },
    ],
    'a 404 of a local link that nobody lost': [
      'says that it does not exist',
      write('create', 'a', 10, local),
      follow('a', 20, null),
    ],
    'a read that is older than its bookmark': [
      'a read with a bookmark'.slice(1),
      write('create', 'a', 10),
      write('update', 'a', 20, second),
      operation('get', 30, { key: 'a', arg: { bookmark }, value: destination('a') }),
    ],
    'a list that is older than its bookmark': [
      'does not show',
      write('create', 'a', 10),
      write('update', 'a', 20, second),
      operation('list', 30, { arg: { bookmark }, value: { a: destination('a') } }),
    ],
  },
});

const versions = [write('create', 'a', 10), write('update', 'a', 20, second)];

testInvariant({
  invariant: monotonicReads,
  holds: {
    'versions follow each other': [
      ...versions,
      follow('a', 30, destination('a')),
      follow('a', 40, destination('a', 2)),
    ],
    'another node is a little behind': [
      ...versions,
      follow('a', 30, destination('a', 2)),
      follow('a', 40, destination('a'), { via: 'ams2' }),
    ],
    'another session sees the older one': [
      ...versions,
      follow('a', 30, destination('a', 2)),
      follow('a', 40, destination('a'), { proc: 'client-2' }),
      follow('a', 50, destination('a', 2)),
    ],
    'a local version is lost': [
      write('create', 'a', 10),
      write('update', 'a', 20, { ...second, ...local }),
      follow('a', 30, destination('a', 2)),
      primary('ams2', 2, 35),
      follow('a', 40, destination('a')),
    ],
    'a bookmark that a failover lost is followed by an older one': [
      write('create', 'a', 20, local),
      operation('list', 30, { epoch: 1, txid: txid(15), value: {} }),
      write('create', 'b', 40, { ...epoch2, txid: txid(16), proc: 'client-2' }),
      ...versions.map((version) => ({ ...version, proc: 'client-3' })),
      follow('a', 50, destination('a', 2)),
      follow('a', 60, destination('a', 2)),
    ],
    'it is deleted': [
      ...versions,
      follow('a', 30, destination('a', 2)),
      write('delete', 'a', 40),
      follow('a', 50, null),
    ],
  },
  breaks: {
    'an older version at the same node': [
      'go back',
      ...versions,
      follow('a', 30, destination('a', 2)),
      follow('a', 40, destination('a')),
    ],
    'an older version elsewhere, long after': [
      'go back',
      ...versions,
      follow('a', 30, destination('a', 2)),
      follow('a', 4_000, destination('a'), { via: 'ams2' }),
    ],
    'a link that is gone again': [
      'go back',
      ...versions,
      follow('a', 30, destination('a', 2)),
      follow('a', 40, null),
    ],
    'a bookmark that goes back': [
      'bookmark of client-1',
      write('create', 'a', 20),
      write('create', 'b', 30, { txid: txid(10) }),
    ],
  },
});

testInvariant({
  invariant: idempotentCreates,
  holds: {
    'the same answer twice': [
      write('create', 'a', 10),
      write('create', 'a', 20),
      ...finals({ a: destination('a') }),
    ],
    'the first try got no answer': [
      unknownWrite('create', 'a', 10, { key: null }),
      write('create', 'a', 20),
      ...finals({ a: destination('a') }),
    ],
    'another body is refused': [
      write('create', 'a', 10),
      write('create', 'a', 20, { type: 'fail', status: 422, arg: { otherBody: true } }),
    ],
    'a lost local link is made anew': [
      write('create', 'a', 10, local),
      primary('ams2', 2, 15),
      write('create', 'b', 20, {
        arg: { destination: destination('a'), idempotencyKey: 'key of a' },
      }),
      ...finals({ b: destination('a') }),
    ],
  },
  breaks: {
    'two slugs for one key': [
      'two answers',
      write('create', 'a', 10),
      write('create', 'b', 20, {
        arg: { destination: destination('a'), idempotencyKey: 'key of a' },
      }),
    ],
    'another status for the same': [
      'two answers',
      write('create', 'a', 10),
      write('create', 'a', 20, { status: 200 }),
    ],
    'two links in the end': [
      'made 2 links',
      unknownWrite('create', 'a', 10, { key: null }),
      write('create', 'a', 20),
      ...finals({ a: destination('a'), zzz: destination('a') }),
    ],
    'another body that is taken': [
      'another body',
      write('create', 'a', 10),
      write('create', 'a', 20, {
        arg: { otherBody: true, destination: destination('a', 2) },
      }),
    ],
  },
});

const custom = (at: number, n: number, fields: Parameters<typeof write>[3] = {}) =>
  write('createCustom', 'a', at, {
    proc: `client-${n}`,
    ...fields,
    arg: { destination: destination('a', n), idempotencyKey: `key ${n}` },
  });
const refused = { type: 'fail', status: 409 } as const;

testInvariant({
  invariant: uniqueSlugs,
  holds: {
    'one wins': [custom(10, 1), custom(10, 2, refused)],
    'the winner gets no answer': [unknownWrite('createCustom', 'a', 10), custom(20, 2, refused)],
    'it is free again': [custom(10, 1), write('delete', 'a', 20), custom(30, 2)],
    'a local winner is lost': [custom(10, 1, local), primary('ams2', 2, 15), custom(20, 2)],
  },
  breaks: {
    'two winners': ['given to two', custom(10, 1), custom(10, 2)],
    'two local winners with one primary': ['given to two', custom(10, 1, local), custom(20, 2)],
    'a replicated winner that is replaced': [
      'given to two',
      custom(10, 1),
      primary('ams2', 2, 15),
      custom(20, 2),
    ],
    'a slug that nobody has and that is taken': ['nobody has it', custom(10, 1, refused)],
  },
});

const lost = { bookmark: { epoch: 1, txid: txid(999), lost: true } };

testInvariant({
  invariant: lostBookmarks,
  holds: {
    'it is answered at once': [operation('get', 10, { key: 'a', arg: lost, value: null })],
    'what is on the chain may be waited for': [
      write('create', 'a', 10, { epoch: 2, txid: txid(50) }),
      operation('list', 20, {
        arg: { bookmark: { epoch: 1, txid: txid(49) } },
        value: {},
        returnedAt: 1_220,
      }),
      operation('get', 9_000, { key: 'a', arg: lost, value: null }),
    ],
    'nobody can answer it': [
      ...fault('kill-9', 5, 100),
      operation('list', 10, { arg: lost, type: 'fail', status: 503 }),
      operation('list', 9_000, { arg: lost, value: {} }),
    ],
  },
  breaks: {
    'a wait for what a failover lost': [
      'took 1200 ms',
      write('create', 'a', 10, { epoch: 2, txid: txid(50) }),
      operation('list', 20, {
        arg: { bookmark: { epoch: 1, txid: txid(50) } },
        value: {},
        returnedAt: 1_220,
      }),
    ],
    'a long wait': [
      'took 1200 ms',
      operation('list', 10, { arg: lost, value: {}, returnedAt: 1_210 }),
    ],
    'a time-out': [
      'was not answered',
      operation('list', 10, { arg: lost, type: 'unknown', status: 504 }),
    ],
    'a refusal where a primary is there': [
      'was not answered',
      operation('list', 10, { arg: lost, type: 'fail', status: 503 }),
    ],
  },
});

testInvariant({
  invariant: equalCopies,
  holds: { 'all are the same': finals({}) },
  breaks: {
    'a node that is not there': ['could not be read', ...finals({}).slice(1)],
    'a damaged database': ['damaged', ...changeFinal(finals({}), 'iad1', { integrity: 'row 7' })],
    'rows that point nowhere': [
      'point at rows',
      ...changeFinal(finals({}), 'iad1', { foreignKeyViolations: 2 }),
    ],
    'another content at the same position': [
      'differ in their content',
      ...changeFinal(finals({}), 'iad1', { contentHash: 'h1' }),
    ],
    'a copy that is behind': [
      'differ in their position',
      ...changeFinal(finals({}), 'iad1', { position: { txid: txid(1), checksum: 'c1' } }),
    ],
    'another epoch': ['differ in their epoch', ...changeFinal(finals({}), 'iad1', { epoch: 2 })],
  },
});

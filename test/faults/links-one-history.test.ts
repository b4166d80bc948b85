import { equalCopies } from '../../scripts/faults/check/links/equal-copies.ts';
import { lostBookmarks } from '../../scripts/faults/check/links/lost-bookmarks.ts';
import { noReplayLoops } from '../../scripts/faults/check/links/no-replay-loops.ts';
import { oneChain } from '../../scripts/faults/check/links/one-chain.ts';
import { replicaNeverWrites } from '../../scripts/faults/check/links/replica-never-writes.ts';
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
  write,
} from '../support/fault-history.ts';
import { testInvariant } from '../support/invariant-cases.ts';

const local = { durability: 'local' } as const;

const epoch2 = { epoch: 2, node: 'ams2' } as const;

const tx = (node: string, at: number, n: number, checksum: string) =>
  event('tx', at, { node, txid: txid(n), checksum });

const lost = { bookmark: { epoch: 1, txid: txid(999), lost: true } };

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
    'everybody waits': [
      operation('list', 10, { arg: lost, value: {}, returnedAt: 1_210 }),
      follow('a', 20, destination('a'), { returnedAt: 1_200 }),
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

import { idempotentCreates } from '../../scripts/faults/check/links/idempotent-creates.ts';
import { monotonicReads } from '../../scripts/faults/check/links/monotonic-reads.ts';
import { noPhantom } from '../../scripts/faults/check/links/no-phantom.ts';
import { readYourWrites } from '../../scripts/faults/check/links/read-your-writes.ts';
import { uniqueSlugs } from '../../scripts/faults/check/links/unique-slugs.ts';
import {
  destination,
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

const epoch2 = { epoch: 2, node: 'ams2' } as const;

const bookmark = { epoch: 1, txid: txid(20) };

const versions = [write('create', 'a', 10), write('update', 'a', 20, second)];

const custom = (at: number, n: number, fields: Parameters<typeof write>[3] = {}) =>
  write('createCustom', 'a', at, {
    proc: `client-${n}`,
    ...fields,
    arg: { destination: destination('a', n), idempotencyKey: `key ${n}` },
  });

const refused = { type: 'fail', status: 409 } as const;

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

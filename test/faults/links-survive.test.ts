import { localIsTold } from '../../scripts/faults/check/links/local-is-told.ts';
import { noLyingCommit } from '../../scripts/faults/check/links/no-lying-commit.ts';
import { noStaleWinner } from '../../scripts/faults/check/links/no-stale-winner.ts';
import { replicatedSurvives } from '../../scripts/faults/check/links/replicated-survives.ts';
import {
  changeFinal,
  destination,
  event,
  fault,
  finals,
  follow,
  primary,
  txid,
  unknownWrite,
  write,
} from '../support/fault-history.ts';
import { testInvariant } from '../support/invariant-cases.ts';

const local = { durability: 'local' } as const;

const second = { arg: { destination: destination('a', 2) } };

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

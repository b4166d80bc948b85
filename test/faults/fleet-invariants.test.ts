import { cleanLogs } from '../../scripts/faults/check/fleet/clean-logs.ts';
import { deadMountIsNoticed } from '../../scripts/faults/check/fleet/dead-mount-is-noticed.ts';
import { deployFailsNothing } from '../../scripts/faults/check/fleet/deploy-fails-nothing.ts';
import { emptyVolumeFollows } from '../../scripts/faults/check/fleet/empty-volume-follows.ts';
import { endsInOrder } from '../../scripts/faults/check/fleet/ends-in-order.ts';
import { failedMigrationStops } from '../../scripts/faults/check/fleet/failed-migration-stops.ts';
import { handoffDrains } from '../../scripts/faults/check/fleet/handoff-drains.ts';
import { migratedOnce } from '../../scripts/faults/check/fleet/migrated-once.ts';
import { oneBeliever } from '../../scripts/faults/check/fleet/one-believer.ts';
import { oneCluster } from '../../scripts/faults/check/fleet/one-cluster.ts';
import { outageBounds } from '../../scripts/faults/check/fleet/outage-bounds.ts';
import { redirectsGoOn } from '../../scripts/faults/check/fleet/redirects-go-on.ts';
import type { EventOf } from '../../scripts/faults/history.ts';
import {
  changeFinal,
  destination,
  event,
  fault,
  finals,
  follow,
  primary,
  unknownWrite,
  write,
} from '../support/fault-history.ts';
import { testInvariant } from '../support/invariant-cases.ts';

const made = write('create', 'a', 10);
const local = { durability: 'local' } as const;
const fails = { type: 'fail', status: 503 } as const;
const down = (node: string, at: number) => event('node', at, { node, state: 'down' });
const up = (node: string, at: number) => event('node', at, { node, state: 'up' });

testInvariant({
  invariant: redirectsGoOn,
  holds: {
    'a node redirects while the primary is gone': [
      follow('a', 10),
      ...fault('kill-9', 20, 90, { targets: ['ams1'] }),
      follow('a', 30),
    ],
    'a node that is down redirects nothing': [
      follow('a', 10),
      down('iad1', 20),
      follow('a', 30, null, { type: 'unknown' }),
      up('iad1', 40),
    ],
    'a node is killed while it answers': [
      follow('a', 10),
      follow('a', 30, null, { type: 'unknown', returnedAt: 50 }),
      down('iad1', 40),
    ],
    'a node that hangs redirects nothing': [
      follow('a', 10),
      ...fault('node-paused', 20, 90, { targets: ['iad1'] }),
      follow('a', 30, null, { type: 'unknown' }),
    ],
    'a link that a node cannot know': [
      follow('a', 10),
      follow('b', 20, null, { ...fails, value: undefined }),
    ],
  },
  breaks: {
    'a node that lives and refuses': [
      'iad1 lives',
      follow('a', 10),
      ...fault('consul-refused', 20, 90, { targets: [] }),
      follow('a', 30, null, fails),
    ],
    'a node that lives and says nothing': [
      'iad1 lives',
      follow('a', 10),
      follow('a', 30, null, { type: 'unknown' }),
    ],
    'a node that was up again': [
      'iad1 lives',
      follow('a', 10),
      down('iad1', 20),
      up('iad1', 25),
      follow('a', 30, null, fails),
    ],
  },
});

const believes = (
  node: string,
  at: number,
  takesWrites: boolean | null,
  fields: Partial<EventOf<'believes'>> = {},
) =>
  event('believes', at, {
    node,
    askedAt: at - 5,
    role: takesWrites === null ? null : takesWrites ? 'primary' : 'replica',
    takesWrites,
    liteFsPrimary: takesWrites,
    samples: 10,
    ...fields,
  });

testInvariant({
  invariant: oneBeliever,
  holds: {
    'one follows the other': [
      believes('ams1', 10, true),
      believes('ams1', 500, false),
      believes('ams2', 600, true),
      believes('ams2', 900, false),
    ],
    'a node that hung learns of it soon': [
      believes('ams1', 10, true),
      believes('ams2', 450, true),
      believes('ams1', 500, false),
      believes('ams2', 900, false),
    ],
    'a node that answers late learns as late': [
      believes('ams1', 200, true, { liteFsPrimary: false, askedAt: 100 }),
      believes('ams1', 395, false),
    ],
    'an app has not noticed yet that its LiteFS is dead': [
      believes('ams1', 10, true, { liteFsPrimary: null }),
      believes('ams2', 250, true),
      believes('ams1', 500, null),
      believes('ams2', 900, false),
    ],
    'of a node that says nothing nobody knows': [
      believes('ams1', 10, true),
      believes('ams1', 100, null),
      believes('ams2', 200, true),
      believes('ams2', 900, false),
    ],
  },
  breaks: {
    'two that take writes': [
      'both took writes for 245 ms',
      believes('ams1', 10, true),
      believes('ams2', 250, true),
      believes('ams1', 500, false),
      believes('ams2', 900, false),
    ],
    'an app that takes writes in an election': [
      'although its LiteFS was no primary',
      believes('ams1', 10, true, { liteFsPrimary: false }),
      believes('ams1', 500, false),
    ],
  },
});

const around = (from: number, to: number) => [write('create', 'a', from), write('create', 'b', to)];

testInvariant({
  invariant: outageBounds,
  holds: {
    'writes are back in time': [...around(0, 21_000), ...fault('kill-9-ttl', 10, 25_000)],
    'a fault without a bound is not judged': [
      ...around(0, 90_000),
      ...fault('stale-candidate', 10, 80_000),
      write('create', 'c', 100_000),
      write('create', 'd', 100_100),
      ...fault('handoff', 100_010, 100_090),
    ],
    'Consul is back': [...around(0, 64_000), ...fault('consul-refused', 10, 60_000)],
  },
  breaks: {
    'writes that stay away': [
      'With handoff no write was answered for 0.6 s',
      ...around(0, 600),
      ...fault('handoff', 10, 25_000),
    ],
    'writes that never come back': [
      'With consul-black-hole no write was answered for 60.0 s',
      write('create', 'a', 0),
      ...fault('consul-black-hole', 10, 100_000),
      unknownWrite('create', 'b', 50_000, { returnedAt: 60_001 }),
    ],
    'writes that stay away after Consul is back': [
      'for 6.0 s',
      ...around(0, 66_000),
      ...fault('consul-refused', 10, 60_001),
    ],
  },
});

const handoff = fault('handoff', 100, 200);

testInvariant({
  invariant: handoffDrains,
  holds: {
    'a write is held and answered': [...handoff, write('create', 'a', 90, { returnedAt: 150 })],
    'a write is refused with a time': [
      ...handoff,
      write('create', 'a', 150, { ...fails, retryAfter: true }),
    ],
    'a client that does not wait': [
      ...handoff,
      write('create', 'a', 110),
      unknownWrite('create', 'b', 150, { returnedAt: 1_650, error: 'no answer in time' }),
    ],
    'a local write survives': [
      ...handoff,
      write('create', 'a', 150, local),
      ...finals({ a: destination('a') }),
    ],
  },
  breaks: {
    'a write without an answer': ['nobody knows', ...handoff, unknownWrite('create', 'a', 150)],
    'a write that is not answered however long its client waits': [
      'nobody knows',
      ...handoff,
      unknownWrite('create', 'b', 150, { returnedAt: 10_150, error: 'no answer in time' }),
    ],
    'a refusal without a time': [
      'without a time',
      ...handoff,
      write('create', 'a', 150, { ...fails, retryAfter: false }),
    ],
    'an error': [
      'failed a write',
      ...handoff,
      write('create', 'a', 150, { ...fails, status: 500 }),
    ],
    'a local write that is lost': [
      'is lost',
      ...handoff,
      write('create', 'a', 150, local),
      ...finals({}),
    ],
    'a LiteFS that lost the right to write': [
      'the right to write',
      ...handoff,
      event('exit', 150, {
        node: 'ams1',
        process: 'litefs',
        code: 99,
        signal: null,
        asked: false,
      }),
    ],
  },
});

const told = fault('sigterm', 1_000, 20_000, { targets: ['ams1'], losesPrimary: true });
const exit = (at: number, code: number, process: 'guard' | 'litefs' | 'app' = 'app') =>
  event('exit', at, { node: 'ams1', process, code, signal: null, asked: false });

testInvariant({
  invariant: endsInOrder,
  holds: {
    'another node leads, then it ends': [
      ...told,
      primary('ams2', 2, 1_200),
      exit(1_900, 0),
      exit(2_000, 0, 'guard'),
    ],
    'it ends again later, for another reason': [
      ...told,
      primary('ams2', 2, 1_200),
      exit(1_900, 0),
      exit(22_000, 1),
    ],
  },
  breaks: {
    'a node that does not end': ['did not', ...told, primary('ams2', 2, 1_200)],
    'a node that ends late': ['took 14000 ms', ...told, primary('ams2', 2, 1_200), exit(15_000, 0)],
    'an end with an error': ['ended with 1', ...told, primary('ams2', 2, 1_200), exit(1_900, 1)],
    'an end without a successor': ['before another node', ...told, exit(1_900, 0)],
  },
});

const deploy = fault('rolling-deploy', 100, 200);

testInvariant({
  invariant: migratedOnce,
  holds: { 'all have the same': [...deploy, ...finals({})] },
  breaks: {
    'a migration that was applied twice': [
      'twice',
      ...deploy,
      ...finals({}, { migrations: ['links/0001 aaaa', 'links/0001 aaaa'] }),
    ],
    'a migration that a node lacks': [
      'different migrations',
      ...deploy,
      ...changeFinal(finals({}), 'iad1', { migrations: [] }),
    ],
    'another schema': [
      'different schemas',
      ...deploy,
      ...changeFinal(finals({}), 'iad1', { schemaHash: 's2' }),
    ],
  },
});

testInvariant({
  invariant: deployFailsNothing,
  holds: {
    'all goes on': [
      ...deploy,
      write('create', 'a', 150),
      follow('a', 160, destination('a'), { via: 'iad' }),
    ],
    'what was refused for its own fault': [
      ...deploy,
      write('createCustom', 'a', 150, { type: 'fail', status: 409 }),
    ],
    'a node that is being replaced': [
      ...deploy,
      write('create', 'a', 150),
      follow('a', 160, null, { type: 'unknown' }),
    ],
  },
  breaks: {
    'a write that is refused': ['A write failed', ...deploy, write('create', 'a', 150, fails)],
    'a write without an answer': ['A write failed', ...deploy, unknownWrite('create', 'a', 150)],
    'a redirect that fails': [
      'A read failed',
      ...deploy,
      follow('a', 160, null, { via: 'iad', type: 'fail', status: 502 }),
    ],
  },
});

const failing = fault('failing-migration', 100, 900);

testInvariant({
  invariant: failedMigrationStops,
  holds: {
    'the old release writes': [...failing, write('create', 'a', 150), primary('ams2', 2, 120)],
  },
  breaks: {
    'nobody who writes': ['Nobody took writes', ...failing, write('create', 'a', 150, fails)],
    'a lease that goes back and forth': [
      'back and forth',
      ...failing,
      write('create', 'a', 150),
      primary('ams2', 2, 200),
      primary('ams1', 3, 300),
      primary('ams2', 4, 400),
    ],
  },
});

const wiped = fault('volume-wiped', 100, 900, { targets: ['iad1'] });

testInvariant({
  invariant: emptyVolumeFollows,
  holds: {
    'it refuses until it has everything': [
      made,
      ...wiped,
      follow('a', 200, null, { ...fails, value: undefined }),
      follow('a', 800),
    ],
    'it leads later': [...wiped, primary('iad1', 2, 950)],
  },
  breaks: {
    'a lead with an empty volume': ['led with an empty', ...wiped, primary('iad1', 2, 500)],
    'a 404 from an empty volume': ['denied a link', made, ...wiped, follow('a', 200, null)],
  },
});

const id = (holder: string, at: number, name: string) =>
  event('clusterId', at, { holder, id: name });
const forgets = fault('consul-wiped', 100, 200, { targets: [] });

testInvariant({
  invariant: oneCluster,
  holds: {
    'the id is the first one': [id('consul', 10, 'LFSC1'), ...forgets, id('consul', 300, 'LFSC1')],
  },
  breaks: {
    'another id': [
      'ams1 has another',
      id('consul', 10, 'LFSC1'),
      ...forgets,
      id('ams1', 300, 'LFSC2'),
    ],
  },
});

const killed = fault('kill-litefs', 1_000, 9_000);

testInvariant({
  invariant: deadMountIsNoticed,
  holds: { 'it ends at once': [...killed, exit(1_400, 1)] },
  breaks: {
    'an app that lives on': ['outlived', ...killed],
    'an app that takes its time': ['3000 ms after', ...killed, exit(4_000, 1)],
  },
});

const said = (at: number, kind: EventOf<'log'>['kind']) =>
  event('log', at, { node: 'ams1', process: 'app', kind, text: 'the words' });

testInvariant({
  invariant: cleanLogs,
  holds: {
    'an error in the time of a fault': [...killed, said(1_500, 'fatal'), said(9_500, 'error')],
    'LiteFS ends where its disk is full': [
      ...fault('disk-full-data', 1_000, 2_000),
      exit(1_500, 99),
    ],
    'a refusal in the time of a fault': [...killed, write('create', 'a', 1_500, fails)],
  },
  breaks: {
    'an error where nothing is wrong': ['the words', said(1_500, 'error')],
    'a panic': ['the words', ...killed, said(1_500, 'panic')],
    'an unhandled rejection': ['the words', ...killed, said(1_500, 'unhandled-rejection')],
    'an exit with 99': ['ended with 99', ...killed, exit(1_500, 99)],
    'a refusal where nothing is wrong': ['answered with 503', write('create', 'a', 1_500, fails)],
  },
});

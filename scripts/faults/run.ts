import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Interrupts } from '../cluster/interrupts.ts';
import { nodeFolders } from '../cluster/node-environment.ts';
import { AnsweredBy } from './driver/answered-by.ts';
import { Beliefs } from './driver/beliefs.ts';
import { createChance } from './driver/chance.ts';
import { ClickCounters } from './driver/click-counters.ts';
import { readFinal } from './driver/final-read.ts';
import { FleetClient } from './driver/fleet-client.ts';
import { GapShipper } from './driver/gap-shipper.ts';
import { Journal } from './driver/journal.ts';
import { Load } from './driver/load.ts';
import { LogWatch } from './driver/log-watch.ts';
import { PartWatch } from './driver/part-watch.ts';
import { quiesce } from './driver/quiesce.ts';
import { Transactions } from './driver/transactions.ts';
import type { HistoryRecord } from './history.ts';
import type { Fault } from './nemesis/fault.ts';
import { type Choice, makeSchedule, type Plan } from './nemesis/schedule.ts';
import { Stage } from './nemesis/stage.ts';
import { World } from './world/world.ts';

/** Without a fault: what is usual is known before something happens. In milliseconds. */
const calmMs: Readonly<Record<Plan, number>> = { full: 12_000, cut: 4_000 };
/** Between two faults. */
const restMs = 1_500;

/** What a run is made from. */
export interface RunOptions {
  /** Absolute folder for everything it writes; the history is in `history.jsonl`. */
  readonly dir: string;
  readonly seed: number;
  readonly plan: Plan;
  /** Some kinds of faults alone. */
  readonly choice?: Choice | undefined;
  /** No fault begins later than this. */
  readonly maxMs: number;
  /** A copy of the repository that the nodes run from. */
  readonly projectDir?: string | undefined;
  /** Told what happens, in words. */
  readonly say: (sentence: string) => void;
  readonly interrupts: Interrupts;
}

/**
 * Runs a fleet under load, lets everything happen to it, heals it, and reads what is left. Gives the history. This process
 * has to be in a network namespace of its own. Throws `ClusterFailure`s when the fleet cannot be started or does not heal.
 */
export async function runFaults(options: RunOptions): Promise<readonly HistoryRecord[]> {
  const { say, interrupts } = options;
  const chance = createChance(String(options.seed));
  using copies = new DisposableStack();
  const schedule = makeSchedule(options.plan, chance.child('schedule'), copies, options.choice);
  const answeredBy = new AnsweredBy();
  say('Starting Consul, three nodes and the edges, each in a network namespace …');
  await using world = await World.start({
    dir: options.dir,
    projectDir: options.projectDir,
    onAnswer: answeredBy.note,
    signal: interrupts.stop,
  });
  await using journal = new Journal(join(options.dir, 'history.jsonl'));
  const clusterId = await world.lease.clusterId();
  journal.event({
    event: 'run',
    at: 0,
    seed: options.seed,
    nodes: world.nodes.map(({ id, process: { plan } }) => ({
      id,
      region: plan.region,
      candidate: plan.candidate,
    })),
    ...(clusterId !== undefined && { clusterId }),
  });
  for (const { id } of world.nodes) journal.event({ event: 'node', node: id, state: 'up' });
  const transactions = new Transactions(world, journal);
  const beliefs = new Beliefs(world, journal);
  using counters = new ClickCounters(world, journal);
  using client = new FleetClient({
    world,
    journal,
    answeredBy,
    checksumOf: transactions.checksumOf,
    findPrimary: () => beliefs.primary,
    primaryOf: beliefs.primaryOf,
  });
  const parts = new PartWatch(world, journal);
  const stage = new Stage({
    ...{ world, journal, client, counters, parts },
    chance: chance.child('stage'),
    signal: interrupts.stop,
  });
  const load = new Load(world, client, chance.child('load'));
  const gaps = new GapShipper(world, journal, () => beliefs.primary);

  const watching = new AbortController();
  const loading = new AbortController();
  const watch = Promise.all([
    beliefs.watch(watching.signal),
    transactions.watch(watching.signal),
    counters.watch(watching.signal),
    parts.watch(watching.signal),
    new LogWatch(world, journal).watch(watching.signal),
  ]);
  try {
    await load.prepare();
    const loaded = Promise.all([load.run(loading.signal), gaps.run(loading.signal)]);
    try {
      await delay(calmMs[options.plan], undefined, { signal: interrupts.stop });
      await befall(schedule, stage, options);
    } finally {
      loading.abort();
      await loaded;
    }
    say('Everything is healed; waiting until nothing moves …');
    await quiesce(world, counters, interrupts.stop);
  } finally {
    watching.abort();
    await watch;
  }
  await noteClusterIds(world, journal);
  for (const node of world.nodes) journal.event({ ...(await readFinal(node)) });
  return journal.records;
}

/** Lets one fault after another happen, until all have or the time is over. */
async function befall(
  schedule: readonly Fault[],
  stage: Stage,
  options: RunOptions,
): Promise<void> {
  const { journal, world } = stage;
  for (const [number, fault] of schedule.entries()) {
    if (journal.now() > options.maxMs) {
      options.say(`The time is over: ${schedule.length - number} faults are left out.`);
      return;
    }
    const act = await fault.prepare(stage);
    const { name, losesPrimary } = fault;
    const { targets, unconfirmed } = act;
    const event = { event: 'fault' as const, name, fault: number, targets: [...targets] };
    const at = journal.now();
    journal.event({
      ...{ ...event, phase: 'start' as const, at, losesPrimary },
      ...(unconfirmed !== undefined && { unconfirmed }),
    });
    await act.start();
    const metMs = journal.now() - at;
    await act.heal();
    journal.event({ ...event, phase: 'heal' });
    const seconds = (ms: number) => (ms / 1000).toFixed(1);
    options.say(
      `${seconds(at).padStart(6)} s  ${name} ${targets.join(', ')}: ${seconds(metMs)} s, healed after ${seconds(journal.now() - at)} s`,
    );
    await stage.hold(restMs);
  }
  await world.untilSettled();
}

async function noteClusterIds(world: World, journal: Journal): Promise<void> {
  const known = await world.lease.clusterId();
  if (known !== undefined) journal.event({ event: 'clusterId', holder: 'consul', id: known });
  for (const { id, process } of world.nodes) {
    const file = join(nodeFolders(process.dir).volume, 'clusterid');
    journal.event({ event: 'clusterId', holder: id, id: readFileSync(file, 'utf8').trim() });
  }
}

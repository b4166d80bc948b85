import { setTimeout as delay } from 'node:timers/promises';
import { describeForPeople, describeForPrograms } from './announcement.ts';
import { changeNodes } from './change-nodes.ts';
import { LocalCluster } from './cluster.ts';
import { listenForChanges } from './control.ts';
import { Display } from './display.ts';
import type { Interrupts } from './interrupts.ts';
import { readNodeStatus } from './node-status.ts';
import type { ClusterCommand } from './options.ts';

const refreshMs = 500;

/**
 * Runs a cluster until `stop` aborts, and ends it; at once from the moment `now` aborts. Resolves when nothing of it
 * is left. Throws a `ClusterFailure` when it cannot start.
 */
export async function runCluster(
  command: Extract<ClusterCommand, { do: 'run' }>,
  signals: Interrupts,
): Promise<void> {
  try {
    await runUntilStopped(command, signals);
  } catch (error) {
    // So ends a start that was interrupted.
    if (!(error instanceof Error && error.name === 'AbortError' && signals.stop.aborted))
      throw error;
  }
}

async function runUntilStopped(
  command: Extract<ClusterCommand, { do: 'run' }>,
  signals: Interrupts,
): Promise<void> {
  const display = new Display(process.stdout);
  if (!command.json) display.say('Starting Consul, the edges and four nodes (Ctrl-C ends it) …');
  await using cluster = await LocalCluster.start({
    ...command,
    signal: signals.stop,
    now: signals.now,
  });
  await using control = await listenForChanges(command.dir, async (change) => {
    const done = await changeNodes(cluster, change);
    if (!command.json) display.say(done);
    return done;
  });
  // Not to be waited for: a command that asks for a change now gets no answer.
  signals.stop.addEventListener('abort', () => control.closeAllConnections());
  if (command.json) process.stdout.write(`${describeForPrograms(cluster)}\n`);
  else display.say(describeForPeople(cluster));
  while (!signals.stop.aborted) {
    if (!command.json) display.show(await Promise.all(cluster.nodes.map(readNodeStatus)));
    await pause(refreshMs, signals.stop);
  }
  if (!command.json) display.say('Ending …');
}

/** Resolves after `ms` milliseconds, earlier when `signal` aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

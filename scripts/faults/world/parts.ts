import { runVariable } from '../../cluster/child.ts';
import {
  commandLine,
  findProcessesWith,
  type ProcessIdentity,
} from '../../cluster/process-identity.ts';
import { unlessGone } from '../../cluster/unless-gone.ts';

/** The processes of a node. */
export const partNames = ['guard', 'litefs', 'app'] as const;
export type PartName = (typeof partNames)[number];

/** What stands in the command line of each, and of nothing else that a node runs. */
const marks: Readonly<Record<PartName, string>> = {
  guard: 'src/guard/main.ts',
  litefs: 'litefs mount',
  app: 'src/main.ts',
};

/** The processes of one part of a node, of this run alone; mostly one. */
export function findPart(run: string, node: string, part: PartName): ProcessIdentity[] {
  return findProcessesWith('NODE_ID', node).filter(
    ({ pid }) =>
      commandLine(pid).includes(marks[part]) &&
      findProcessesWith(runVariable, run).some((each) => each.pid === pid),
  );
}

/** Sends a signal to one part of a node; gives how many processes got it. */
export function signalPart(
  run: string,
  node: string,
  part: PartName,
  signal: NodeJS.Signals,
): number {
  const found = findPart(run, node, part);
  for (const { pid } of found) unlessGone(() => process.kill(pid, signal));
  return found.length;
}

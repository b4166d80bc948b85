// `npm run cluster`: the fleet on this machine. See options.ts for what it can do.

import { ClusterFailure } from './cluster-failure.ts';
import { askForChange } from './control.ts';
import { takeInterrupts } from './interrupts.ts';
import { parseClusterCommand, usage } from './options.ts';
import { runCluster } from './run.ts';

try {
  const command = parseClusterCommand(process.argv.slice(2));
  switch (command.do) {
    case 'help':
      console.log(usage);
      break;
    case 'change':
      console.log(await askForChange(command.dir, command.change));
      break;
    case 'run':
      await runCluster(command, takeInterrupts());
      break;
  }
} catch (error) {
  if (!(error instanceof ClusterFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

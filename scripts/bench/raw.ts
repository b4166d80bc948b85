import { join } from 'node:path';
import { findFreePort } from '../../test/support/free-port.ts';
import { asContestant, type StartContestant } from './contestant.ts';
import { ServerProcess } from './server-process.ts';

/** Node's own HTTP, which is 1.00. It counts nothing. */
export const startRaw: StartContestant = async ({ signal }) => {
  const program = join(import.meta.dirname, 'raw-server.ts');
  const port = await findFreePort();
  const server = await ServerProcess.start({
    port,
    commandLine: [process.execPath, program, String(port)],
    readyPath: '/',
    signal,
  });
  return asContestant(server);
};

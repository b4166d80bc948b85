import Database from 'better-sqlite3';
import type { ClickCommands } from '../../src/domain/writer.ts';
import { createClickCommands } from '../../src/storage/click-commands.ts';
import { Connection } from '../../src/storage/connection.ts';
import { GroupCommit } from '../../src/storage/group-commit.ts';

/*
 * Program of a process that counts: the file, the name of a command, its inputs as JSON with bytes in base64, each for
 * a transaction, and the number of the statement before which it kills itself (0: never). Says how many statements
 * it ran.
 */
const [file = '', name = '', text = '', killBefore = '0'] = process.argv.slice(2);
const inputs = JSON.parse(text, (key, value) =>
  key === 'bytes' ? Buffer.from(value, 'base64') : value,
) as unknown[];

let statements = 0;
const database = new Database(file, {
  verbose: () => {
    statements += 1;
    if (statements === Number(killBefore)) process.kill(process.pid, 'SIGKILL');
  },
});
const connection = new Connection(database);
const commits = new GroupCommit<ClickCommands>({
  connection,
  commands: createClickCommands(connection),
  position: undefined,
  openedAt: undefined,
});
for (const input of inputs) commits.run([{ name: name as keyof ClickCommands, input }]);
database.close();
console.log(JSON.stringify({ statements }));

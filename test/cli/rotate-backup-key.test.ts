import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { hopliteFile } from '../support/run-hoplite.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

const links = 50;
const keys = { BACKUP_KEY: 'a'.repeat(32), NEXT_BACKUP_KEY: 'b'.repeat(32) } as const;

let dir: string;
let s3: S3Server;

/** A machine with the settings of a node, its databases, and the commands of the page; nothing there is to be restarted. */
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hoplite-rotate-'));
  s3 = await startS3Server();
  for (const name of ['data', 'bin']) mkdirSync(join(dir, name));
  makeLinks(join(dir, 'data'), links);
  const settings = {
    ...s3.env(),
    BACKUP_KEY: keys.BACKUP_KEY,
    BACKUP_ENCRYPT: 'true',
    DATA_DIR: join(dir, 'data'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(join(dir, 'fleet.env'), `${lines.join('\n')}\n`);
  // As scripts/systemd/hoplite has it.
  program(
    'hoplite',
    `set -a; . '${dir}/fleet.env'; exec '${process.execPath}' '${hopliteFile}' "$@"`,
  );
  for (const name of ['systemctl', 'curl']) program(name, 'exit 0');
});
afterAll(async () => {
  await s3?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, 'bin', name), 0o755);
}

/** Runs commands as the page has them. */
function run(commands: string): string {
  const text = commands
    .replaceAll('/etc/hoplite', dir)
    .replace(/<(\w+)>/g, (whole, name: string) => keys[name as keyof typeof keys] ?? whole);
  return execFileSync('sh', ['-e', '-c', text], {
    encoding: 'utf8',
    env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` },
  });
}

test('the page on rotating BACKUP_KEY does what it says, by its own commands', () => {
  const page = readFileSync(join(projectDir, 'docs/runbooks/rotate-backup-key.md'), 'utf8');
  const blocks = [...page.matchAll(/^ *```sh\n *# on .*\n([\s\S]*?)^ *```$/gm)].map(
    ([, text = '']) => text,
  );
  expect(blocks).toHaveLength(4);
  const [learn, sign, backUp, forget] = blocks as [string, string, string, string];

  run('hoplite backup now');
  run(learn);
  run(sign);
  expect(run(backUp)).toContain(`backed up ${links} links`);
  expect(run(forget)).toMatch(new RegExp(`is good: ${links} links`));
  expect(readFileSync(join(dir, 'fleet.env'), 'utf8')).not.toContain(keys.BACKUP_KEY);
  const { backups } = JSON.parse(run('hoplite backup list --json'));
  expect(backups.map(({ fault }: { fault: string | null }) => fault)).toEqual([
    null,
    expect.stringContaining('which BACKUP_KEY does not hold'),
  ]);
});

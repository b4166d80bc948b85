import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a boot of the image's entry program went. */
export interface Boot {
  /** The program it became and its arguments; empty when it ended by itself. */
  readonly command: readonly string[];
  /** The environment that program received. */
  readonly env: Readonly<Record<string, string>>;
  readonly exitCode: number | null;
  readonly stderr: string;
}

/**
 * Runs the entry program in a folder of its own with stand-ins for LiteFS, Node and whatever needs
 * root, and gives what it would have become. The user is root unless `env.TEST_UID` says another.
 */
export function boot(entrypoint: string, env: Readonly<Record<string, string>>): Boot {
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-boot-'));
  try {
    const capture = join(folder, 'capture');
    mkdirSync(join(folder, 'scripts'));
    mkdirSync(join(folder, 'bin'));
    writeExecutable(join(folder, 'scripts/entrypoint.sh'), entrypoint);
    const captured = `printf '%s\\0' "$0" "$@" > ${capture}.command; env -0 > ${capture}.env`;
    for (const name of ['litefs', 'node', 'setpriv']) {
      writeExecutable(join(folder, 'bin', name), `#!/bin/sh\n${captured}\n`);
    }
    writeExecutable(join(folder, 'bin/install'), '#!/bin/sh\n');
    writeExecutable(join(folder, 'bin/id'), '#!/bin/sh\nprintenv TEST_UID || echo 0\n');
    writeFileSync(`${capture}.command`, '');
    writeFileSync(`${capture}.env`, '');
    const { status, stderr } = spawnSync(join(folder, 'scripts/entrypoint.sh'), {
      env: { ...env, PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
      encoding: 'utf8',
    });
    const [program = '', ...args] = readParts(`${capture}.command`);
    return {
      command: program === '' ? [] : [program.slice(program.lastIndexOf('/') + 1), ...args],
      env: Object.fromEntries(
        readParts(`${capture}.env`).map((pair) => [
          pair.slice(0, pair.indexOf('=')),
          pair.slice(pair.indexOf('=') + 1),
        ]),
      ),
      exitCode: status,
      stderr,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeExecutable(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function readParts(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').slice(0, -1);
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { readServiceUnit, readSettings } from '../support/plain-machines/unit-file.ts';

const folder = join(projectDir, 'scripts/systemd');
const units = readdirSync(folder).filter((name) => name.endsWith('.service'));
const nodeUnits = ['hoplite.service', 'hoplite-alone.service'] as const;
/** Of docs/operations.md: all that a node does before it ends. */
const drainMs = 10_000;

const allSettings = (unit: string) => readSettings(join(folder, unit), 'Service');
const settingOf = (unit: string, name: string) =>
  allSettings(unit).findLast(([each]) => each === name)?.[1];

test('there is a unit for each of what a machine runs', () => {
  expect(units.toSorted()).toEqual(['consul.service', ...nodeUnits].toSorted());
});

describe.each(units)('%s', (unit) => {
  test('is run by a program that the release has', () => {
    const [program = ''] = readServiceUnit(join(folder, unit)).command;
    expect(program).toMatch(/^\/opt\/hoplite\/(?:scripts\/entrypoint\.sh|tools\/bin\/consul)$/);
  });

  test.each([
    ...['NoNewPrivileges', 'ProtectHome', 'PrivateTmp', 'ProtectKernelTunables'],
    ...['ProtectKernelModules', 'ProtectControlGroups', 'RestrictNamespaces', 'RestrictSUIDSGID'],
  ])('takes away what nothing needs: %s', (name) => {
    expect(settingOf(unit, name)).toBe('yes');
  });

  test('may write to its own folders alone', () => {
    expect(settingOf(unit, 'ProtectSystem')).toBe('strict');
    expect(settingOf(unit, 'StateDirectory')).toBeDefined();
    expect(settingOf(unit, 'CapabilityBoundingSet')).toBeDefined();
  });
});

describe.each(nodeUnits)('%s', (unit) => {
  test('gives a node the time that it needs to end, and the signal to one process', () => {
    const { killSignal, timeoutStopMs } = readServiceUnit(join(folder, unit));
    expect(killSignal).toBe('SIGTERM');
    expect(timeoutStopMs).toBeGreaterThanOrEqual(2 * drainMs);
    expect(settingOf(unit, 'KillMode')).toBe('mixed');
  });

  test('starts a node again however it ended, but for a volume that a start does not change', () => {
    expect(settingOf(unit, 'Restart')).toBe('always');
    expect(settingOf(unit, 'RestartPreventExitStatus')).toBe('65 78');
  });
});

test('alone nothing of root is left, in a fleet only what mounts and starts the app', () => {
  expect(settingOf('hoplite-alone.service', 'User')).toBe('node');
  expect(settingOf('hoplite-alone.service', 'CapabilityBoundingSet')).toBe('');
  const kept = readServiceUnit(join(folder, 'hoplite.service')).capabilities;
  expect(kept).toContain('CAP_SYS_ADMIN');
  for (const name of ['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_SYS_MODULE', 'CAP_SYS_BOOT'])
    expect(kept).not.toContain(name);
});

describe('systemd-analyze', () => {
  test.each(units)('verifies %s', (unit) => {
    const copies = mkdtempSync(join(tmpdir(), 'hoplite-units-'));
    try {
      // It wants the program to be there, and complains of nothing but words that it does not know otherwise.
      const text = readFileSync(join(folder, unit), 'utf8').replaceAll(
        /^ExecStart=\S+/gm,
        'ExecStart=/bin/true',
      );
      const file = join(copies, unit);
      writeFileSync(file, text);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
        encoding: 'utf8',
      });
      expect(stderr.split('\n').filter((line) => line.includes(unit))).toEqual([]);
      expect(status).toBe(0);
    } finally {
      rmSync(copies, { recursive: true });
    }
  });
});

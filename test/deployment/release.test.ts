import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cutSection, readSection } from '../../scripts/release/changelog.ts';
import { expectLater, writeVersion } from '../../scripts/release/version.ts';
import { root } from './deployment.ts';

vi.setConfig({ testTimeout: 60_000 });

const changelog =
  '# Changelog\n\n## Unreleased\n\n- New.\n- Newer.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n';

describe('the changelog', () => {
  test('gets a section for the version, and an empty one above it', () => {
    const cut = cutSection(changelog, '0.2.0', '2026-11-30');
    expect(cut).toBe(
      changelog.replace('## Unreleased\n', '## Unreleased\n\n## 0.2.0 (2026-11-30)\n'),
    );
    expect(readSection(cut, 'Unreleased')).toBe('');
    expect(readSection(cut, '0.2.0')).toBe('- New.\n- Newer.');
    expect(readSection(cut, '0.1.0')).toBe('- First.');
    expect(readSection(cut, '0.1')).toBe('');
  });

  test('is refused without news, and with the version', () => {
    expect(() => cutSection(cutSection(changelog, '0.2.0', 'x'), '0.3.0', 'x')).toThrow(
      'nothing to release',
    );
    expect(() => cutSection(changelog, '0.1.0', 'x')).toThrow('a section of 0.1.0 already');
  });
});

describe('a version', () => {
  test.for([
    ['0.1.1', '0.1.0'],
    ['0.2.0', '0.1.9'],
    ['1.0.0', '0.9.9'],
    ['0.10.0', '0.9.0'],
    ['1.0.0', '1.0.0-rc.1'],
    ['1.0.0-rc.2', '1.0.0-rc.1'],
    ['1.0.1-rc.1', '1.0.0'],
  ] as const)(
    '%s is later than %s, not the other way round, and not than itself',
    ([next, current]) => {
      expectLater(next, current);
      expect(() => expectLater(current, next)).toThrow('not later');
      expect(() => expectLater(next, next)).toThrow('not later');
    },
  );

  test.for(['v1.0.0', '1.0', '1.0.0+1', '', '01.x.0'])('%j is none', (next) => {
    expect(() => expectLater(next, '0.1.0')).toThrow('is not a version like 1.2.3');
  });

  test('is entered for the project alone', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    const { version, ...before } = JSON.parse(lock);
    const { version: written, ...after } = JSON.parse(writeVersion(lock, version, '9.8.7'));
    expect(written).toBe('9.8.7');
    expect(after.packages[''].version).toBe('9.8.7');
    after.packages[''].version = version;
    expect(after).toEqual(before);
  });
});

describe('a release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-release-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const run = (
    script: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) =>
    spawnSync(process.execPath, [join(root, 'scripts/release', script), ...args], {
      env: { ...process.env, ...env, RELEASE_DIR: folder },
      encoding: 'utf8',
    });

  beforeAll(() => {
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      copyFileSync(join(root, name), join(folder, name));
    }
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
  });

  test('is cut, and prepared from its tag: notes, and every package of the image', () => {
    const cut = run('cut.ts', ['9.0.0']);
    expect(cut.stderr).toBe('');
    expect(cut.stdout).toContain('git push --atomic origin main v9.0.0');
    expect(JSON.parse(read('package.json')).version).toBe('9.0.0');
    expect(read('CHANGELOG.md')).toMatch(
      /## Unreleased\n\n## 9\.0\.0 \(\d{4}-\d\d-\d\d\)\n\n- New\./,
    );

    const output = join(folder, 'output');
    const github = {
      GITHUB_REF_NAME: 'v9.0.0',
      GITHUB_REPOSITORY: 'Some/Hoplite',
      GITHUB_OUTPUT: output,
    };
    // npm lists what the lockfile says; node_modules need not be there.
    writeFileSync(join(folder, '.npmrc'), `${read('.npmrc')}\npackage-lock-only=true\n`);
    const prepared = run('prepare.ts', [], github);
    expect(prepared.stderr).toBe('');
    expect(prepared.status).toBe(0);
    expect(read('release/notes.md')).toBe('- New.\n- Newer.\n');
    const sbom = JSON.parse(read('release/hoplite-9.0.0.cdx.json'));
    const names = sbom.components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(Object.keys(JSON.parse(read('package.json')).dependencies)),
    );
    expect(names).not.toContain('vitest');
    expect(read('output')).toBe('image=ghcr.io/some/hoplite\nversion=9.0.0\n');

    const wrong = run('prepare.ts', [], { ...github, GITHUB_REF_NAME: 'v9.0.1' });
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('The tag is "v9.0.1" and package.json says 9.0.0');
  });

  test('is not cut twice, nor without a version', () => {
    expect(run('cut.ts', []).stderr).toBe('npm run release -- <version>\n');
    expect(run('cut.ts', ['9.0.0']).stderr).toBe('9.0.0 is not later than 9.0.0.\n');
    expect(run('cut.ts', ['9.1.0']).stderr).toContain('nothing to release');
    expect(JSON.parse(read('package.json')).version).toBe('9.0.0');
  });
});

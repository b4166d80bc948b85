import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../cluster/programs.ts';
import { cutSection } from './changelog.ts';
import { ReleaseFailure } from './release-failure.ts';
import { expectLater, writeVersion } from './version.ts';

// `npm run release -- 1.2.3`: enters a version in package.json, package-lock.json and CHANGELOG.md, and says what to do next.

/** Where everything lies; tests have a folder of their own. */
const folder = process.env.RELEASE_DIR ?? projectDir;
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

try {
  const [version = '', ...rest] = process.argv.slice(2);
  if (version === '' || rest.length > 0) throw new ReleaseFailure('npm run release -- <version>');
  const { version: current } = JSON.parse(read('package.json'));
  expectLater(version, current);
  const day = new Date().toISOString().slice(0, 10);
  const changed = {
    'CHANGELOG.md': cutSection(read('CHANGELOG.md'), version, day),
    'package.json': writeVersion(read('package.json'), current, version),
    'package-lock.json': writeVersion(read('package-lock.json'), current, version),
  };
  for (const [name, text] of Object.entries(changed)) writeFileSync(join(folder, name), text);
  console.log(
    [
      `CHANGELOG.md, package.json and package-lock.json are of ${version} now. Look at them, then:`,
      `  git commit --all --message 'chore: release ${version}'`,
      `  git tag --sign v${version} --message 'Hoplite ${version}'`,
      `  git push --atomic origin main v${version}`,
    ].join('\n'),
  );
} catch (error) {
  if (!(error instanceof ReleaseFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

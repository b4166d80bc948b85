import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../cluster/programs.ts';
import { readSection } from './changelog.ts';
import { ReleaseFailure } from './release-failure.ts';

// What release.yml does first: looks whether the tag is the version of this tree, and lays out in `release/` what goes with
// it: the notes, and the list of all packages in the image (CycloneDX). Gives the workflow the name of the image.

const folder = process.env.RELEASE_DIR ?? projectDir;
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

try {
  const {
    GITHUB_REF_NAME: tag = '',
    GITHUB_REPOSITORY: repository = '',
    GITHUB_OUTPUT: output,
  } = process.env;
  const { version } = JSON.parse(read('package.json'));
  if (tag !== `v${version}`) {
    throw new ReleaseFailure(
      `The tag is "${tag}" and package.json says ${version}: npm run release makes them agree.`,
    );
  }
  const notes = readSection(read('CHANGELOG.md'), version);
  if (notes === '') throw new ReleaseFailure(`CHANGELOG.md has no section of ${version}.`);
  mkdirSync(join(folder, 'release'), { recursive: true });
  writeFileSync(join(folder, 'release/notes.md'), `${notes}\n`);
  const sbom = execFileSync(
    'npm',
    ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev'],
    { cwd: folder, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' },
  );
  writeFileSync(join(folder, `release/hoplite-${version}.cdx.json`), sbom);
  // Names of images have no capital letters.
  if (output !== undefined)
    appendFileSync(output, `image=ghcr.io/${repository.toLowerCase()}\nversion=${version}\n`);
} catch (error) {
  if (!(error instanceof ReleaseFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

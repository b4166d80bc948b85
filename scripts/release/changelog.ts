import { ReleaseFailure } from './release-failure.ts';

const unreleased = '## Unreleased';

/** The changelog with what was unreleased under the version and day, and a new, empty section above it. */
export function cutSection(changelog: string, version: string, day: string): string {
  if (readSection(changelog, 'Unreleased') === '') {
    throw new ReleaseFailure(
      'CHANGELOG.md has nothing under "Unreleased": there is nothing to release.',
    );
  }
  if (changelog.includes(`\n## ${version} `)) {
    throw new ReleaseFailure(`CHANGELOG.md has a section of ${version} already.`);
  }
  return changelog.replace(unreleased, () => `${unreleased}\n\n## ${version} (${day})`);
}

/** What stands under a heading: "Unreleased", or a version. Empty when it is not there. */
export function readSection(changelog: string, name: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const own = sections.find((section) => section.split(/[ \n]/, 1)[0] === name);
  return own === undefined ? '' : own.slice(own.indexOf('\n')).trim();
}

import { ReleaseFailure } from './release-failure.ts';

/** A version as https://semver.org has it, without build metadata. */
const pattern = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$/;

/** Throws a `ReleaseFailure` unless `next` is a version, and a later one. A version before its release is before it. */
export function expectLater(next: string, current: string): void {
  const [to, from] = [pattern.exec(next), pattern.exec(current)];
  if (to === null || from === null)
    throw new ReleaseFailure(`${next} is not a version like 1.2.3.`);
  for (const part of [1, 2, 3]) {
    const step = Number(to[part]) - Number(from[part]);
    if (step > 0) return;
    if (step < 0) throw new ReleaseFailure(`${next} is not later than ${current}.`);
  }
  if (from[4] !== undefined && (to[4] === undefined || to[4] > from[4])) return;
  throw new ReleaseFailure(`${next} is not later than ${current}.`);
}

/** package.json or package-lock.json with the project's own version changed, and nothing else. */
export function writeVersion(text: string, from: string, to: string): string {
  // Its own version comes first in package.json; in the lockfile the one of the root package is the second.
  const own = JSON.parse(text).packages === undefined ? 1 : 2;
  let left = own;
  const changed = text.replaceAll(`"version": "${from}"`, (found) =>
    left-- > 0 ? `"version": "${to}"` : found,
  );
  if (left > 0) throw new ReleaseFailure(`The version ${from} is not where it is looked for.`);
  return changed;
}

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished, vi } from 'vitest';

/**
 * Until the test is over this process takes itself for root, and nothing gets another owner: it is written down, as `uid:gid`
 * by path.
 */
export function recordOwners(): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const asRoot = vi.spyOn(process, 'getuid').mockReturnValue(0);
  const chown = vi.spyOn(fs, 'chownSync').mockImplementation((path, uid, gid) => {
    given.set(String(path), `${uid}:${gid}`);
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    asRoot.mockRestore();
    chown.mockRestore();
    syncBuiltinESMExports();
  });
  return given;
}

import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict } from '../verdict.ts';

/** The node's own folder can be written to. */
export function checkDataDir({ dataDir }: Pick<Facts, 'dataDir'>): Verdict[] {
  const { path, exists, problem } = dataDir;
  if (problem !== undefined) {
    return [
      fail(
        `${path} ${exists ? 'cannot be written to' : 'is not there and cannot be made'} (${problem})`,
        'give it to the user that the node runs as, or set DATA_DIR',
      ),
    ];
  }
  return [ok(exists ? `${path} can be written to` : `${path} is made at the first start`)];
}

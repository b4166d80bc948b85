import type { Facts } from '../facts.ts';
import { ok, type Verdict, warn } from '../verdict.ts';

/** Where keys are needed, there is one. */
export function checkKeys({ config, keys }: Pick<Facts, 'config' | 'keys'>): Verdict[] {
  const { access, adminKeys } = config.http;
  if (access === 'open' || (adminKeys.length === 0 && keys === undefined)) return [];
  if (adminKeys.length === 0 && keys === 0) {
    return [
      warn(
        'there is neither a key nor ADMIN_KEY, so nobody can sign in',
        'run "hoplite key create <name>", or set ADMIN_KEY',
      ),
    ];
  }
  const made = keys === undefined ? [] : [`${keys} ${keys === 1 ? 'key' : 'keys'}`];
  return [ok([...made, `ADMIN_KEY is ${adminKeys.length === 0 ? 'not set' : 'set'}`].join('; '))];
}

import type { Facts } from '../facts.ts';
import { ok, type Verdict, warn } from '../verdict.ts';

/** Where keys are needed, there is one. */
export function checkKeys({ config, keys }: Pick<Facts, 'config' | 'keys'>): Verdict[] {
  const { access, adminKey } = config.http;
  if (access === 'open' || (adminKey === undefined && keys === undefined)) return [];
  if (adminKey === undefined && keys === 0) {
    return [
      warn(
        'there is neither a key nor ADMIN_KEY, so nobody can sign in',
        'run "hoplite key create <name>", or set ADMIN_KEY',
      ),
    ];
  }
  const made = keys === undefined ? [] : [`${keys} ${keys === 1 ? 'key' : 'keys'}`];
  return [ok([...made, `ADMIN_KEY is ${adminKey === undefined ? 'not set' : 'set'}`].join('; '))];
}

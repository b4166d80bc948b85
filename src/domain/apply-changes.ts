import { type DestinationPolicy, parseDestination } from './destination.ts';
import type { Link, LinkChanges } from './link.ts';
import { checkTiming, parseTime, parseTitle } from './link-rules.ts';
import { parseFields } from './parse-fields.ts';

/** The link with the changes, judged as a whole; the same object when nothing differs. Throws `invalid`. */
export function applyChanges(link: Link, changes: LinkChanges, policy: DestinationPolicy): Link {
  const { destination, title, notBefore, expiresAt } = changes;
  const fields = parseFields({
    destination: () =>
      destination === undefined ? link.destination : parseDestination(destination, policy),
    title: () => (title === undefined ? link.title : parseTitle(title)),
    notBefore: () =>
      notBefore === undefined ? link.notBefore : parseTime('/notBefore', notBefore),
    expiresAt: () =>
      expiresAt === undefined ? link.expiresAt : parseTime('/expiresAt', expiresAt),
  });
  checkTiming(fields, expiresAt === undefined ? '/notBefore' : '/expiresAt');
  const changed: Link = {
    ...link,
    ...fields,
    redirectCode: changes.redirectCode ?? link.redirectCode,
    forwardQuery: changes.forwardQuery ?? link.forwardQuery,
    disabled: changes.disabled ?? link.disabled,
    blocked: changes.blocked ?? link.blocked,
  };
  const names = Object.keys(changed) as (keyof Link)[];
  return names.every((name) => changed[name] === link[name]) ? link : changed;
}

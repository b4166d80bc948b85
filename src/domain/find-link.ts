import type { CatchUp } from './cluster.ts';
import { Failure } from './failure.ts';
import type { Link, LinkRef } from './link.ts';
import type { LinkReader } from './link-store.ts';

/** Finds a link, on any node: whoever made it can follow it at once, from anywhere. */
export type FindLink = (ref: LinkRef) => Promise<Link | undefined>;

/**
 * Looks a link up in this node's copy. What is not there may have been created a moment ago on the
 * primary, so the node catches up and looks again; only then `undefined` means "no such link".
 * Throws `unavailable` when this node cannot catch up.
 */
export function createFindLink(deps: {
  readonly links: Pick<LinkReader, 'findLink'>;
  readonly catchUp: CatchUp;
}): FindLink {
  return async ({ domainId, slugKey }) => {
    const known = await deps.links.findLink(domainId, slugKey);
    if (known !== undefined) return known;
    if (!(await deps.catchUp.catchUp())) throw cannotCatchUp(deps.catchUp);
    return deps.links.findLink(domainId, slugKey);
  };
}

/** The failure of a node that cannot tell whether a link exists. */
export function cannotCatchUp({ refusal }: CatchUp): Failure {
  return (
    refusal ??
    new Failure(
      'unavailable',
      'This node cannot reach the primary at the moment, so it cannot tell whether this link exists.',
      { retryAfterS: 1 },
    )
  );
}

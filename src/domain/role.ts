/** The id of a node: on Fly the machine id, elsewhere what `NODE_ID` says. */
export type NodeId = string;

/**
 * What a node is at the moment.
 * `joining` has no database yet; `detached` has one and knows no primary. Both still differ from
 * `replica` (docs/facts.md, "A missing .primary proves nothing").
 */
export type Role =
  | { readonly is: 'joining' }
  | { readonly is: 'replica'; readonly primary: NodeId }
  | { readonly is: 'primary' }
  | { readonly is: 'detached' };

/** Whether two roles are the same, the primary they follow included. */
export function isSameRole(a: Role, b: Role): boolean {
  return a.is === b.is && (a.is !== 'replica' || b.is !== 'replica' || a.primary === b.primary);
}

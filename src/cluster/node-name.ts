import type { NodeId } from '../domain/role.ts';

/** Whether `text` can be a node's id: what `NODE_ID` allows, so that it is safe in a header and in a host name. */
export function isNodeId(text: string): text is NodeId {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}

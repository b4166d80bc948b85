/**
 * Thrown where a writer is asked for on a node that has none.
 * The error middleware answers it with a replay to the primary, so a write on any code path lands there.
 */
export class NotPrimary extends Error {
  override readonly name = 'NotPrimary';

  constructor() {
    super('this node is not primary and has no writer');
  }
}

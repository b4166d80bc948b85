/**
 * Where writes wait for a moment while the lease moves: until it is known where they go, for half a second at most, and
 * not too many of them.
 */
export interface WriteHold {
  /**
   * Resolves to `here` on a primary that takes writes, and to `primary` on a replica, whose primary does. Throws
   * `unavailable` where neither comes in time, and at once where nothing will change soon.
   */
  findWay(): Promise<'here' | 'primary'>;
}

/** Time as the rooms see it; tests replace it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. For what people set: expiry, creation times. */
  now(): number;
  /** A clock that never jumps, in milliseconds. For waits, time-outs and ages. */
  monotonicMs(): number;
}

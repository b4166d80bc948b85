/** One thing that a clone needs. */
export interface Step {
  /** Whether it is there. Answers within milliseconds and changes nothing. */
  readonly isReady: () => boolean;
  /** Brings it about, or throws a `SetupFailure`. Runs under the lock. */
  readonly make: () => Promise<void>;
}

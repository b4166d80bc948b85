/** Which histories: with or without copied volumes (`forks`, `plain`). */
export type World = 'plain' | 'forks';

/** Some random histories to play. */
export interface Job {
  readonly world: World;
  readonly seed: number;
  readonly runs: number;
  /** Plays only the history that was found there. */
  readonly path?: string | undefined;
}

/** What came of a job; `failure` is for people. */
export interface JobResult {
  readonly runs: number;
  readonly failure?: string | undefined;
}

/**
 * What can be set differently, also while the edge runs. The first group are the unknowns of Fly's proxy
 * (docs/facts.md, "What Fly leaves open"): what we build should hold under each of their values.
 */
export interface Knobs {
  /** What happens to the `fly-replay-*` headers that a client itself sends. */
  clientReplayHeaders: 'keep' | 'strip';
  /** What stands between the fields of `fly-replay-src`. */
  replaySrcSeparator: ';' | ',';
  /** Whether `Set-Cookie` of a replaying answer is dropped or reaches the client with the final answer. */
  replayCookies: 'drop' | 'keep';
  /** Status of the PA01 answer: a replay of a request whose body is over the limit. */
  overLimitStatus: number;
  /** Whether `instance=` and `fly-force-instance-id` wait for an unhealthy node or try it all the same. */
  unhealthyInstance: 'wait' | 'try';
  /** Whether `X-Forwarded-Proto`, `-Port` and `-SSL` of a client stay as they came. */
  clientForwardedHeaders: 'overwrite' | 'keep';
  /** Adds `Fly-Forwarded-Proto`, `Fly-Forwarded-Ssl` and `X-Request-Start`, seen on Fly but not documented. */
  undocumentedHeaders: boolean;

  /** Longest request body that can be replayed, in bytes. Fly's pages say 1 MB and 10 MB. */
  bodyLimitBytes: number;
  /** Most replays of one request; one more is PA02. */
  maxHops: number;
  /** Most connections tried for one delivery, over all candidates. Fly: up to 90 retries. */
  maxAttempts: number;
  /** Pause before the candidates are tried once more, in milliseconds. */
  retryDelayMs: number;
  /** How long one connection may take, in milliseconds. */
  connectTimeoutMs: number;
  /** How long a connected node may take to begin its answer, in milliseconds. */
  answerTimeoutMs: number;
  /** Starts a stopped node that a request is for. */
  autostart: boolean;
  /** The scheme that clients are told to have used. The listeners themselves speak plain HTTP. */
  scheme: 'http' | 'https';
  /** The app's own address, last in `X-Forwarded-For`. */
  appAddress: string;
}

/** One MiB for bodies, ten hops, one second to connect; the unknowns set to what is harder on the app. */
export const defaultKnobs: Readonly<Knobs> = Object.freeze({
  clientReplayHeaders: 'keep',
  replaySrcSeparator: ';',
  replayCookies: 'drop',
  overLimitStatus: 502,
  unhealthyInstance: 'wait',
  clientForwardedHeaders: 'overwrite',
  undocumentedHeaders: false,
  bodyLimitBytes: 1_048_576,
  maxHops: 10,
  maxAttempts: 90,
  retryDelayMs: 20,
  connectTimeoutMs: 1_000,
  answerTimeoutMs: 60_000,
  autostart: false,
  scheme: 'http',
  appAddress: '203.0.113.80',
});

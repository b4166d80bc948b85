/**
 * The faults of the run, by the name under which the schedule, the history and the report speak of them. What each
 * one does to the fleet, and until when it counts as going on, is in docs/faults.md.
 */
export const faultNames = [
  /** `kill -9` of guard, LiteFS and app, and the session destroyed: the lease runs out at once. */
  'kill-9',
  /** The same, and the lease runs out by its time. */
  'kill-9-ttl',
  /** Nothing goes in or out any more, then all is killed: nobody hears of it. */
  'power-loss',
  /** LiteFS hangs (SIGSTOP), and goes on once another node is primary. */
  'sigstop',
  /** All of the primary hangs, and goes on once another node is primary; writes that wait for it are answered then. */
  'node-paused',
  /** LiteFS alone is killed. */
  'kill-litefs',
  /** The app alone is killed. */
  'kill-app',
  /** What the primary sends to Consul is dropped. */
  'consul-black-hole',
  /** Consul refuses connections, for everybody. */
  'consul-refused',
  /** Consul forgets all it knew. */
  'consul-wiped',
  /** The other candidate sleeps through writes, then the primary dies and the sleeper wakes. */
  'stale-candidate',
  /** The same, and who has the writes never comes back: the sleeper has to lead after the grace time. */
  'stale-candidate-alone',
  /** Some of the packets between the candidates are dropped, then the primary is killed. */
  'link-lossy',
  /** The link between the candidates is cut a moment before the primary is killed. */
  'link-cut',
  /** The primary dies with writes that only a replica has, and that replica cannot follow the new one yet. */
  'follower-left-behind',
  /** A node that is no candidate is cut from all others. */
  'replica-partitioned',
  /** The disk of LiteFS's data is full. */
  'disk-full-data',
  /** The disk of the spool is full. */
  'disk-full-spool',
  /** The clocks of nodes are an hour off. */
  'clock-skew',
  /** The lease is handed over in order, by command. */
  'handoff',
  /** The same, with as many writes on their way as the primary can bear. */
  'handoff-under-load',
  /** The primary is told to end (SIGTERM), as a deployment does. */
  'sigterm',
  /** All nodes move to a newer release with a migration, one by one. */
  'rolling-deploy',
  /** All nodes are asked to move to a release whose migration fails. */
  'failing-migration',
  /** A node loses its volume with links and spool, and joins with an empty one. */
  'volume-wiped',
  /** A node's spool is copied to a second node. */
  'spool-cloned',
  /** No batch of clicks reaches the primary, then all that waited do. */
  'shipping-stopped',
  /** clicks.db goes back to what it was some time ago. */
  'clicks-restored',
] as const;

export type FaultName = (typeof faultNames)[number];

import { AcquireGate } from './acquire-at-consul.ts';
import { Bootstrap } from './bootstrap/bootstrap.ts';
import { hasLinks } from './bootstrap/observe-volume.ts';
import { formatAddress, type GuardConfig } from './config.ts';
import { ConsulClient } from './consul-call.ts';
import { ConsulKeys } from './consul-keys.ts';
import { ConsulProxy } from './consul-proxy.ts';
import { describeError } from './describe-error.ts';
import { createGuardServer, listenAt } from './guard-server.ts';
import { GuardView } from './guard-view.ts';
import { expectNoLiteFs, LiteFsProcess } from './litefs-process.ts';
import { LiteFsWatchdog } from './litefs-watchdog.ts';
import type { GuardLog } from './log.ts';
import { GuardMetrics } from './metrics.ts';
import { OwnLease } from './own-lease.ts';
import { PlaceKeeper } from './place-keeper.ts';
import { ProgressView } from './progress.ts';
import { Refusals } from './refusals.ts';
import { Relay } from './relay.ts';
import { Watch } from './watch.ts';

/** What a guard is started with. */
export interface GuardOptions {
  readonly config: GuardConfig;
  readonly log: GuardLog;
  readonly region: string;
  /** Of Hoplite. */
  readonly version: string;
  /** LiteFS gets it, with Consul's place taken by the guard. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What follows `litefs mount -config litefs.yml`. */
  readonly liteFsArgs: readonly string[];
  /** Calls back for each signal that LiteFS is to get. */
  readonly onSignal: (pass: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Starts the guard and LiteFS, and resolves to the exit code when LiteFS has ended and nothing of it is left.
 * Rejects when one of them cannot be started.
 */
export async function runGuard(options: GuardOptions): Promise<number> {
  const { config, log } = options;
  const { node, candidate, key } = config;
  const nowMs = () => performance.now();
  const metrics = new GuardMetrics();
  const client = new ConsulClient(config.consul, nowMs);
  const keys = new ConsulKeys(client, config.consul, key);
  const lease = new OwnLease(nowMs);
  const refusals = new Refusals(nowMs);
  const progress = new ProgressView({ nowMs, isEmpty: () => !hasLinks(config.litefsDataDir) });
  const relay = new Relay({ address: config.relay, log, metrics });
  let litefs: LiteFsProcess | undefined;
  let holder: string | undefined;
  const places = new PlaceKeeper({
    ...{ node, litefsUrl: config.advertiseUrl, keys, log, nowMs },
    publicProgress: () => (refusals.areRecent ? progress.fresh() : undefined),
  });
  await using bootstrap = new Bootstrap({
    ...{ settings: config.bootstrap, env: options.env, log },
    self: { node, region: options.region, version: options.version },
  });
  const gate = new AcquireGate({
    ...{ candidate, graceMs: config.graceMs, keys, places, progress, refusals },
    mayLead: () => bootstrap.mayLead,
    ...{ log, metrics, nowMs },
  });
  const watch = new Watch({
    ...{ node, candidate, keys, places, lease, progress, refusals },
    ...{ log, metrics, nowMs },
  });
  const proxy = new ConsulProxy({
    ...{ key, node, ownUrl: config.advertiseUrl, target: config.consul },
    ...{ client, keys, gate, lease, relay, log, metrics, nowMs },
    onHolder: (now) => {
      holder = now;
      if (now !== undefined) refusals.led();
    },
  });
  const watchdog = new LiteFsWatchdog(config.litefsUrl, nowMs);
  const view = new GuardView({
    ...{ node, candidate, client, places, lease, progress, watch, relay, watchdog, nowMs },
    litefsPid: () => litefs?.pid ?? null,
    holder: () => holder,
  });
  const server = createGuardServer({ proxy, view, progress, metrics });

  await expectNoLiteFs(config.litefsUrl);
  await listenAt(server, config.listen);
  await relay.listen();
  log.info('guard started', {
    ...{ listen: formatAddress(config.listen), relay: formatAddress(config.relay) },
    ...{ consul: config.consul.origin, candidate },
  });
  const signalled = new AbortController();
  options.onSignal((signal) => {
    signalled.abort();
    if (litefs === undefined) return;
    log.info('signal passed on', { signal });
    litefs.signal(signal);
  });
  const decision = await bootstrap.awaitStart(signalled.signal);
  if (decision?.do !== 'stop') await watch.start();
  // A signal that comes before LiteFS runs ends the guard, in peace.
  if (decision === undefined || decision.do === 'stop' || signalled.signal.aborted) {
    await watch.close();
    await closeListeners();
    return decision?.do === 'stop' ? decision.exitCode : 0;
  }
  const running = await LiteFsProcess.start({
    args: options.liteFsArgs,
    env: { ...options.env, LITEFS_CONSUL_URL: `http://${formatAddress(config.listen)}` },
  });
  litefs = running;
  if (signalled.signal.aborted) running.signal('SIGTERM');
  void watchdog.waitUntilDeaf().then((deaf) => {
    if (!deaf) return;
    metrics.count('litefs_killed_total');
    log.error('LiteFS does not answer and is killed', { pid: running.pid });
    running.signal('SIGKILL');
  });
  const exit = await running.exited;
  watchdog.close();
  const code = toExitCode(exit);
  if (code === 0) log.info('LiteFS ended');
  else log.error('LiteFS died', { code: exit.code, signal: exit.signal });
  await Promise.all([freeLease(), running.endLeftovers()]);
  await watch.close();
  await closeListeners();
  return code;

  async function closeListeners(): Promise<void> {
    await relay.close();
    server.close();
    server.closeAllConnections();
    client.close();
  }

  /** Else nobody could write until Consul ends the session of a process that is no more: 20 s. */
  async function freeLease(): Promise<void> {
    const { session } = lease;
    if (session === undefined) return;
    for (let attempts = 1; ; attempts += 1) {
      try {
        const freed = await keys.freeLeaseOf(session, node);
        if (freed) metrics.count('leases_freed_total');
        log.warn('lease of the dead LiteFS', { freed });
        return;
      } catch (error) {
        if (attempts < 3) continue;
        log.error('lease of the dead LiteFS not freed', { err: describeError(error) });
        return;
      }
    }
  }
}

/** That of LiteFS; as a shell has it after a signal. Nothing but 0 stays 0. */
function toExitCode({ code, signal }: { code: number | null; signal: string | null }): number {
  if (code !== null) return code;
  return signal === 'SIGKILL' ? 137 : 128;
}

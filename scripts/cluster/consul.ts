import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Child } from './child.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { consulPorts } from './network.ts';
import { findProgram } from './programs.ts';
import { until } from './until.ts';

const stopGraceMs = 5_000;
const callTimeoutMs = 2_000;

/**
 * The Consul that holds the lease: one agent in development mode on an address of its own. It keeps nothing on disk,
 * so a restarted one knows no cluster; a node that has its data writes the cluster's id back.
 */
export class Consul implements AsyncDisposable {
  readonly url: string;
  readonly #dir: string;
  readonly #address: string;
  readonly #run: string;
  readonly #within: readonly string[];
  #child: Child | undefined;

  constructor(options: {
    readonly dir: string;
    readonly address: string;
    /** The id of the cluster's run. */
    readonly run: string;
    /** The words before its command, which start it elsewhere: in a network namespace, say. */
    readonly within?: readonly string[];
  }) {
    this.#dir = options.dir;
    this.#address = options.address;
    this.#run = options.run;
    this.#within = options.within ?? [];
    this.url = `http://${options.address}:${consulPorts.http}`;
  }

  /** Starts it and waits until it gives out sessions. Throws a `ClusterFailure` when it does not within 15 s. */
  async start(signal?: AbortSignal): Promise<void> {
    mkdirSync(this.#dir, { recursive: true });
    const config = join(this.#dir, 'consul.json');
    writeFileSync(config, JSON.stringify(agentConfig(this.#address), undefined, 2));
    const child = await Child.start({
      command: findProgram('consul'),
      args: ['agent', '-dev', '-config-file', config],
      cwd: this.#dir,
      env: process.env,
      logFile: join(this.#dir, 'consul.log'),
      run: this.#run,
      within: this.#within,
    });
    this.#child = child;
    await until(
      () => {
        if (child.exit !== undefined) {
          throw new ClusterFailure(`Consul ended while it started: see ${this.#dir}/consul.log.`);
        }
        return this.#isReady();
      },
      { what: 'Consul is ready', timeoutMs: 15_000, ...(signal && { signal }) },
    );
  }

  /**
   * Ends LiteFS's sessions, as Consul does with that of a dead primary after 15 to 20 s. The lease is free after the lock
   * delay. Those of the guards, which hold the candidate places, live on.
   */
  async destroySessions(): Promise<void> {
    const listed = await this.#call('GET', '/v1/session/list');
    const sessions = z
      .array(z.object({ ID: z.string(), Name: z.string() }))
      .parse(await listed.json());
    for (const { ID, Name } of sessions) {
      if (Name === 'litefs') await this.#call('PUT', `/v1/session/destroy/${ID}`);
    }
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#child?.kill();
    this.#child = undefined;
  }

  /** Ends it; at once when `now` aborts. */
  async stop(now?: AbortSignal): Promise<void> {
    await this.#child?.end(stopGraceMs, now);
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #isReady(): Promise<boolean> {
    try {
      const made = await this.#call('PUT', '/v1/session/create', '{"TTL":"10s"}');
      const { ID } = z.object({ ID: z.string() }).parse(await made.json());
      await this.#call('PUT', `/v1/session/destroy/${ID}`);
      return true;
    } catch (error) {
      // Refused connections, time-outs, and 500 while the agent has not elected itself.
      if (error instanceof TypeError || error instanceof DOMException) return false;
      if (error instanceof ClusterFailure) return false;
      throw error;
    }
  }

  async #call(method: string, path: string, body?: string): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(callTimeoutMs),
      ...(body !== undefined && { body }),
    });
    if (!response.ok) {
      throw new ClusterFailure(`Consul answered ${response.status} to ${method} ${path}.`);
    }
    return response;
  }
}

/** Only what LiteFS uses listens, only on this address, and nothing is asked of the internet. */
function agentConfig(address: string): Record<string, unknown> {
  return {
    bind_addr: address,
    client_addr: address,
    log_level: 'info',
    disable_update_check: true,
    disable_host_node_id: true,
    ports: {
      ...{ dns: -1, grpc: -1, grpc_tls: -1, https: -1, serf_wan: -1 },
      http: consulPorts.http,
      server: consulPorts.server,
      serf_lan: consulPorts.serf,
    },
  };
}

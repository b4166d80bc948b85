import { z } from 'zod';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';

const timeoutMs = 2_000;
const entries = z.array(z.object({ Value: z.string().nullable(), Session: z.string().optional() }));

/** What Consul has under the fleet's key, past every fault: asked by the driver, which no fault befalls. */
export class LeaseStore {
  readonly #url: string;
  readonly #key: string;

  constructor(consulUrl: string, key: string) {
    this.#url = consulUrl;
    this.#key = key;
  }

  /** Ends the session that holds the lease, as Consul does when its time is over; nothing when there is none. */
  async destroySession(): Promise<void> {
    const session = (await this.#read(this.#key))?.Session;
    if (session === undefined) return;
    await this.#call('PUT', `/v1/session/destroy/${session}`);
  }

  /** Whether a session holds the lease. */
  async isHeld(): Promise<boolean> {
    return (await this.#read(this.#key))?.Session !== undefined;
  }

  /** The id of the cluster; `undefined` while Consul knows none. */
  async clusterId(): Promise<string | undefined> {
    const value = (await this.#read(`${this.#key}/clusterid`))?.Value;
    return value == null ? undefined : Buffer.from(value, 'base64').toString();
  }

  async #read(key: string): Promise<z.output<typeof entries>[number] | undefined> {
    const response = await this.#call('GET', `/v1/kv/${key}`);
    return response.status === 404 ? undefined : entries.parse(await response.json())[0];
  }

  async #call(method: string, path: string): Promise<Response> {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${this.#url}${path}`, { method, signal });
    if (!response.ok && response.status !== 404) {
      throw new ClusterFailure(`Consul answered ${response.status} to ${method} ${path}.`);
    }
    return response;
  }
}

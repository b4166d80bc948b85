import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { findFreePort } from '../../test/support/free-port.ts';
import { LiteFsProcess } from '../../test/support/litefs-process.ts';
import { Consul } from '../cluster/consul.ts';
import { Network } from '../cluster/network.ts';
import { findProgram, projectDir } from '../cluster/programs.ts';
import { consulHost } from '../cluster/topology.ts';
import { until } from '../cluster/until.ts';
import type { Contestant, Site, StartContestant } from './contestant.ts';
import { startHopliteProcess } from './hoplite.ts';
import { createHopliteCounting } from './hoplite-counting.ts';
import { type Core, cores, isPinned } from './pinned.ts';
import type { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const patienceMs = 30_000;
const nodeHosts = { a: 1, b: 2 } as const;
type NodeName = keyof typeof nodeHosts;

/** Whether what a fleet needs was set up: "node scripts/setup.js --fleet". */
export function isLiteFsInstalled(): boolean {
  return ['litefs', 'consul'].every((name) => existsSync(join(projectDir, 'tools/bin', name)));
}

/** A primary on a real LiteFS, which works on the same core, or on all of them as it does. */
export function startFleetPrimary(links: number, core: Core = cores.server): StartContestant {
  return async (site) => {
    await using stack = new AsyncDisposableStack();
    const fleet = await startFleet(stack, site);
    const { server, litefs } = await startPrimary(stack, fleet, { links, core });
    return asOwnerOf(stack, fleet, { node: 'a', litefs, server });
  };
}

/** A replica on a real LiteFS; its primary, which creates links, works on the core of the load. */
export function startFleetReplica(links: number): StartContestant {
  return async (site) => {
    await using stack = new AsyncDisposableStack();
    const fleet = await startFleet(stack, site);
    const primary = await startPrimary(stack, fleet, { links, core: cores.load });
    const litefs = await startLiteFs(stack, fleet, { node: 'b', core: cores.server });
    const server = await startApp(stack, fleet, { node: 'b', litefs, core: cores.server });
    return asOwnerOf(stack, fleet, {
      node: 'b',
      litefs,
      server,
      creatorsPort: primary.server.port,
    });
  };
}

/** What the nodes of a fleet share. */
interface Fleet {
  readonly site: Site;
  readonly network: Network;
  readonly consul: Consul;
  readonly secret: string;
  /** Of the private ports. */
  readonly ports: Readonly<Record<NodeName, number>>;
}

async function startFleet(stack: AsyncDisposableStack, site: Site): Promise<Fleet> {
  const network = stack.use(await Network.claim(Object.values(nodeHosts)));
  const address = network.address(consulHost);
  const consul = new Consul({ dir: join(site.scratch, 'consul'), address, run: site.scratch });
  stack.use(consul);
  await consul.start(site.signal);
  const secret = randomBytes(32).toString('hex');
  const ports = { a: await findFreePort(), b: await findFreePort() };
  return { site, network, consul, secret, ports };
}

async function startPrimary(
  stack: AsyncDisposableStack,
  fleet: Fleet,
  { links, core }: { readonly links: number; readonly core: Core },
): Promise<{ readonly server: ServerProcess; readonly litefs: LiteFsProcess }> {
  const litefs = await startLiteFs(stack, fleet, { node: 'a', core });
  await importLinks(fleet.site, links, litefs);
  const server = await startApp(stack, fleet, { node: 'a', litefs, core });
  // It redirects before it writes.
  await until(() => isWriterOpen(fleet.ports.a), {
    what: 'the primary takes writes',
    timeoutMs: patienceMs,
    signal: fleet.site.signal,
  });
  return { litefs, server };
}

async function startLiteFs(
  stack: AsyncDisposableStack,
  { network, site, consul }: Fleet,
  { node, core }: { readonly node: NodeName; readonly core: Core },
): Promise<LiteFsProcess> {
  const litefs = stack.use(
    new LiteFsProcess({
      node,
      address: network.address(nodeHosts[node]),
      candidate: node === 'a',
      directory: join(site.scratch, node),
      consulUrl: consul.url,
    }),
  );
  await litefs.start();
  if (isPinned && core !== 'any')
    await run('taskset', ['-a', '-c', '-p', String(core), String(litefs.pid)]);
  return litefs;
}

async function isWriterOpen(privatePort: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${privatePort}/status`);
  return z.object({ writerOpen: z.boolean() }).parse(await answer.json()).writerOpen;
}

/** Gives the links to LiteFS, as a database in the journal mode that it bears. */
async function importLinks(site: Site, links: number, litefs: LiteFsProcess): Promise<void> {
  const file = join(site.scratch, 'links.db');
  const source = new Database(join(site.linksFolder(links), 'links.db'));
  source.prepare('VACUUM INTO ?').run(file);
  source.close();
  await until(
    async () => {
      try {
        await run(findProgram('litefs'), ['import', '-name', 'links.db', '-url', litefs.url, file]);
        return true;
      } catch {
        // Not primary yet.
        return false;
      }
    },
    { what: 'LiteFS takes the links', timeoutMs: patienceMs, signal: site.signal },
  );
}

async function startApp(
  stack: AsyncDisposableStack,
  { site, secret, ports }: Fleet,
  options: { readonly node: NodeName; readonly litefs: LiteFsProcess; readonly core: Core },
): Promise<ServerProcess> {
  const { node, litefs, core } = options;
  return stack.use(
    await startHopliteProcess({
      privatePort: ports[node],
      env: {
        NODE_ID: node,
        DATA_DIR: join(site.scratch, node, 'hoplite'),
        LITEFS_DIR: litefs.mount,
        LITEFS_URL: litefs.url,
        PEER_URL: `a=http://127.0.0.1:${ports.a},b=http://127.0.0.1:${ports.b}`,
        FLEET_SECRET: secret,
        ACCESS: 'open',
      },
      core,
      signal: site.signal,
    }),
  );
}

/** The node that is measured, with everything that was started for it. */
function asOwnerOf(
  stack: AsyncDisposableStack,
  { site, ports }: Fleet,
  measured: {
    readonly node: NodeName;
    readonly litefs: LiteFsProcess;
    readonly server: ServerProcess;
    readonly creatorsPort?: number;
  },
): Contestant {
  const { node, litefs, server, ...more } = measured;
  const owned = stack.move();
  return {
    ...more,
    server,
    linksFile: litefs.database,
    counting: createHopliteCounting({
      origin: server.origin,
      privateOrigin: `http://127.0.0.1:${ports[node]}`,
      clicksFile: join(litefs.mount, 'clicks.db'),
      signal: site.signal,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

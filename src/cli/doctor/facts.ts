import { networkInterfaces } from 'node:os';
import type { Config } from '../../config.ts';
import type { Environment } from '../context.ts';
import { type AppFacts, observeApp } from './observe/app.ts';
import { type BucketFacts, observeBucket } from './observe/bucket.ts';
import { type ConsulFacts, observeConsul } from './observe/consul.ts';
import { type DiskFacts, observeDisks } from './observe/disks.ts';
import { type FolderFacts, observeFolder } from './observe/folder.ts';
import { countKeys } from './observe/keys.ts';
import { type LiteFsFacts, observeLiteFs } from './observe/litefs.ts';
import { type MountFacts, observeMount } from './observe/mount.ts';
import { observePeers, type PeersFacts } from './observe/peers.ts';
import { observeSchema, type SchemaFacts } from './observe/schema.ts';

/** What is so on this machine and around it, without any judgement. The checks read nothing else. */
export interface Facts {
  readonly config: Config;
  readonly env: Environment;
  readonly dataDir: FolderFacts;
  readonly disks: readonly DiskFacts[];
  /** This and the next three: `undefined` alone. */
  readonly mount: MountFacts | undefined;
  readonly litefs: LiteFsFacts | undefined;
  readonly consul: ConsulFacts | undefined;
  readonly peers: PeersFacts | undefined;
  readonly app: AppFacts;
  /** Of `links.db`; `undefined` when reading it would touch a mount that does not work. */
  readonly schema: SchemaFacts | undefined;
  /** Of `clicks.db`, on the same terms. */
  readonly clickSchema: SchemaFacts | undefined;
  /** How many keys are not revoked; `undefined` when no node told. */
  readonly keys: number | undefined;
  /** `undefined` where no backups are set up. */
  readonly bucket: BucketFacts | undefined;
  /** Addresses of this machine's network interfaces. */
  readonly addresses: readonly string[];
}

/** Looks at everything, for a few seconds at most. Changes nothing and never rejects. */
export async function gatherFacts(config: Config, env: Environment): Promise<Facts> {
  const { fleet, storage } = config;
  const [dataDir, mount, litefs, consul, app, keys, bucket] = await Promise.all([
    observeFolder(storage.dataDir),
    fleet && observeMount(fleet.litefsDir),
    fleet && observeLiteFs(fleet.litefsUrl),
    fleet && observeConsul(env),
    observeApp(config),
    countKeys(env),
    observeBucket(config),
  ]);
  // The primary's position is read after this node's own, which is therefore never ahead of it.
  const [disks, peers] = await Promise.all([
    observeDisks([storage.dataDir, litefs?.is === 'answering' ? litefs.dataDir : undefined]),
    fleet && observePeers(config.node.id, fleet.peerUrl, primaryOf(litefs)),
  ]);
  const isReadable = mount === undefined || mount.reading?.is === 'readable';
  return {
    config,
    env,
    dataDir,
    disks,
    mount,
    litefs,
    consul,
    peers,
    app,
    schema: isReadable ? observeSchema(config, 'links') : undefined,
    clickSchema: isReadable ? observeSchema(config, 'clicks') : undefined,
    keys,
    bucket,
    addresses: Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    ),
  };
}

function primaryOf(litefs: LiteFsFacts | undefined): string | undefined {
  return litefs?.is === 'answering' && !litefs.isPrimary ? litefs.hostname : undefined;
}

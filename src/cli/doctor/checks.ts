import { checkAccess } from './checks/access.ts';
import { checkApp } from './checks/app.ts';
import { checkBucket } from './checks/bucket.ts';
import { checkClocks } from './checks/clocks.ts';
import { checkConsul } from './checks/consul.ts';
import { checkDataDir } from './checks/data-dir.ts';
import { checkDisk } from './checks/disk.ts';
import { checkKeys } from './checks/keys.ts';
import { checkLiteFs } from './checks/litefs.ts';
import { checkMount } from './checks/mount.ts';
import { checkPeers } from './checks/peers.ts';
import { checkPorts } from './checks/ports.ts';
import { checkPosition } from './checks/position.ts';
import { checkRole } from './checks/role.ts';
import { checkClickSchema, checkSchema } from './checks/schema.ts';
import type { Facts } from './facts.ts';
import type { Verdict } from './verdict.ts';

/** Judges facts; what a check cannot tell, or what does not concern this node, is left out. Pure. */
export type Check = (facts: Facts) => readonly Verdict[];

/** Every check by the name that it has in the output, in the order in which things depend on each other. */
export const checks: Readonly<Record<string, Check>> = {
  'data folder': checkDataDir,
  disk: checkDisk,
  mount: checkMount,
  litefs: checkLiteFs,
  consul: checkConsul,
  role: checkRole,
  app: checkApp,
  schema: checkSchema,
  'click schema': checkClickSchema,
  position: checkPosition,
  peers: checkPeers,
  clocks: checkClocks,
  ports: checkPorts,
  access: checkAccess,
  keys: checkKeys,
  bucket: checkBucket,
};

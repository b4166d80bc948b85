import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's top folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where what is built or fetched for this machine lies; git ignores it. */
export const toolsBin = join(root, 'tools/bin');

import { rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { join, relative } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { z } from 'zod';
import { ClusterFailure } from './cluster-failure.ts';
import type { NodeChange } from './options.ts';

const id = z.string();
const change = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('add'), id, region: z.string().optional() }),
  z.strictObject({ do: z.enum(['stop', 'start', 'kill']), id }),
]);
const answer = z.union([z.object({ done: z.string() }), z.object({ failure: z.string() })]);

/**
 * Lets other commands change the cluster that this one runs: HTTP over a socket in the cluster's folder, so that only
 * who may write there can. `apply` gives a sentence that says what was done, or throws a `ClusterFailure`.
 */
export async function listenForChanges(
  dir: string,
  apply: (change: NodeChange) => Promise<string>,
): Promise<Server> {
  const path = socketPath(dir);
  rmSync(path, { force: true });
  const server = createServer((incoming, outgoing) => {
    answerTo(json(incoming), apply).then(
      (body) => outgoing.end(JSON.stringify(body)),
      (error) => outgoing.destroy(error),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(path, resolve);
  await promise;
  return server;
}

async function answerTo(
  body: Promise<unknown>,
  apply: (change: NodeChange) => Promise<string>,
): Promise<z.output<typeof answer>> {
  try {
    return { done: await apply(change.parse(await body)) };
  } catch (error) {
    if (error instanceof ClusterFailure) return { failure: error.message };
    throw error;
  }
}

/** Asks the command that runs the cluster in `dir` for a change; resolves to what it says when that is done. */
export async function askForChange(dir: string, asked: NodeChange): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request({ socketPath: socketPath(dir), method: 'POST' }, (incoming) => {
    text(incoming).then(resolve, reject);
  });
  outgoing.once('error', reject);
  outgoing.end(JSON.stringify(asked));
  try {
    const told = answer.parse(JSON.parse(await promise));
    if ('failure' in told) throw new ClusterFailure(told.failure);
    return told.done;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET') throw new ClusterFailure(`The cluster in ${dir} ended meanwhile.`);
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
    throw new ClusterFailure(`No cluster runs in ${dir}: start one with npm run cluster.`);
  }
}

/** A socket's path holds at most 107 bytes, unix(7); the way from here may be shorter than the way from the root. */
function socketPath(dir: string): string {
  const absolute = join(dir, 'control.sock');
  const fromHere = relative(process.cwd(), absolute);
  const path = fromHere.length < absolute.length ? fromHere : absolute;
  if (Buffer.byteLength(path) > 107) {
    throw new ClusterFailure(
      `${dir} is too long a path for a socket: choose another one with --dir.`,
    );
  }
  return path;
}

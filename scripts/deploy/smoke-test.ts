import type { Machine } from '../fly/fly.ts';

/** What a smoke test needs of the world. */
export interface SmokeTools {
  /** The origin of short URLs. */
  readonly origin: string;
  /** Runs `hoplite` with these words on a machine, and gives what it printed. */
  readonly hoplite: (machine: Machine, words: string) => Promise<string>;
  readonly fetch: typeof fetch;
}

/** A node asks the primary about a slug that it does not know, so each answer comes within this. */
const answerMs = 10_000;

/** Where the link leads: a name that exists for such ends (RFC 2606) and is never asked. */
const destination = 'https://example.com/';

/**
 * Makes a link on one machine and follows it through every machine, as a visitor does: the edge, the way to each node, the
 * way of a write to the primary and of a row to each copy. Gives the sentences of what failed; the link is deleted again.
 *
 * A request reaches the machine that `fly-force-instance-id` names and no other; nothing but a failure is the answer when that
 * is away. Source: https://fly.io/docs/networking/dynamic-request-routing/
 */
export async function smokeTest(
  machines: readonly Machine[],
  tools: SmokeTools,
): Promise<readonly string[]> {
  // A machine that is not the primary makes the write take its whole way; the last region is the least likely to be it.
  const from = machines.at(-1);
  if (from === undefined) return ['There is no machine.'];
  let slug: string;
  try {
    slug = readSlug(await tools.hoplite(from, `link create ${destination} --json`));
  } catch (error) {
    return [`No link could be made on ${from.id} in ${from.region}: ${describe(error)}`];
  }
  try {
    const faults = await Promise.all(
      machines.map((machine) => followThrough(machine, slug, tools)),
    );
    return faults.flat();
  } finally {
    // A link that stays is a blemish, no reason to take a release back.
    await tools.hoplite(from, `link delete ${slug} --yes`).catch(() => {});
  }
}

async function followThrough(
  { id, region }: Machine,
  slug: string,
  { origin, fetch }: SmokeTools,
): Promise<readonly string[]> {
  const ask = (path: string) =>
    fetch(new URL(path, origin), {
      redirect: 'manual',
      headers: { 'fly-force-instance-id': id, 'user-agent': 'hoplite-smoke-test bot' },
      signal: AbortSignal.timeout(answerMs),
    });
  try {
    const { status, headers } = await ask(`/${slug}`);
    const location = headers.get('location');
    const ready = await ask('/readyz');
    return [
      ...(status === 302 && location === destination
        ? []
        : [`${id} in ${region} answered ${status} ${location ?? ''} for a new link.`]),
      ...(ready.status === 200 ? [] : [`${id} in ${region} answered ${ready.status} at /readyz.`]),
    ];
  } catch (error) {
    return [`${id} in ${region} was not reached at ${origin}: ${describe(error)}`];
  }
}

function readSlug(printed: string): string {
  const slug: unknown = JSON.parse(
    printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1),
  ).slug;
  if (typeof slug !== 'string') throw new Error(`no slug in ${printed.trim()}`);
  return slug;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch hides the reason, such as a refused connection, in the cause.
  return error.cause instanceof Error ? error.cause.message : error.message;
}

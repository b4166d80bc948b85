import type { ServerProcess } from './server-process.ts';

/** A server that is being measured. Disposing ends it, and what it needed. */
export interface Contestant extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly counting: Counting | undefined;
  /** Its links, where creates are measured. */
  readonly linksFile?: string;
  /** Where links are created meanwhile, when that is another server. */
  readonly creatorsPort?: number;
}

/** How a server counts clicks; one that counts none has no such thing. */
export interface Counting {
  /**
   * Waits until `clicks` clicks are counted and no more are under way, and resolves to how many were not yet counted
   * when it was called. Resolves also when it gives up.
   */
  settle(clicks: number): Promise<number>;
  /** How often each of the first `links` links was clicked, as the server itself says. */
  countByLink(links: number): Promise<Uint32Array>;
}

/** Where the servers of a run keep their things. */
export interface Site {
  /** For a server's own files; emptied before each start. */
  readonly scratch: string;
  /** Aborts everything. */
  readonly signal: AbortSignal;
  /** The folder of a `links.db` with so many links; made when it is first asked for. */
  linksFolder(count: number): string;
}

/** Starts a server on the servers' core and waits until it answers. */
export type StartContestant = (site: Site) => Promise<Contestant>;

/** A contestant that is one process and nothing else. */
export function asContestant(server: ServerProcess, counting?: Counting): Contestant {
  return {
    server,
    counting,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The counting of a server that counts before it answers. */
export function countingAtOnce(countByLink: Counting['countByLink']): Counting {
  return {
    settle: async () => 0,
    countByLink,
  };
}

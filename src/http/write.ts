import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Bookmark, type Bookmarks, countReached } from '../domain/bookmark.ts';
import type { Txid } from '../domain/position.ts';
import type { WriterCommands, WriterSource, Written } from '../domain/writer.ts';
import { type Caller, hasSession } from './caller.ts';
import type { Cookie } from './cookie.ts';
import { wantsPage } from './page-answers.ts';
import { parsePreferredWait, waitedHeaders } from './prefer-wait.ts';

/** A request whose answer tells of a write. */
export interface Exchange {
  readonly caller: Caller;
  readonly request: Request;
  readonly response: Response;
}

/**
 * Runs a command of the writer for a request and puts into the headers of the answer what is known of the write. All
 * operations that write go through here, so that no answer can forget it. Throws what the writer throws.
 */
export type Write = <Name extends keyof WriterCommands>(
  exchange: Exchange,
  name: Name,
  input: Parameters<WriterCommands[Name]>[0],
) => Promise<Written<ReturnType<WriterCommands[Name]>>>;

/** Carries a bookmark, in answers and in requests. */
export const bookmarkHeader = 'Hoplite-Bookmark';

/** The headers of every answer to a write, for the document. */
export const writtenHeaders = {
  [bookmarkHeader]: z.string().meta({
    description: 'Names this write: a read that carries it shows the write, at any node.',
  }),
  Durability: z.enum(['replicated', 'local']).meta({
    description:
      '"replicated": another machine has the write too, so it survives the loss of any one. "local": so far it is known to be on one.',
  }),
  ...waitedHeaders,
};

/** Alone there are no txids. */
const noTxid = '0000000000000000' as Txid;

/**
 * A page gets its bookmark in a cookie too, since browsers send no header of their own. With `Prefer: wait=5` the answer
 * comes once all known nodes have the write, or after that time, and says how many do.
 */
export function createWrite(deps: {
  readonly writers: WriterSource;
  readonly bookmarks: Pick<Bookmarks, 'format' | 'askFleet'>;
  readonly bookmarkCookie: Pick<Cookie, 'set'>;
}): Write {
  const { writers, bookmarks, bookmarkCookie } = deps;
  return async ({ caller, request, response }, name, input) => {
    const written = await writers.writer().run(name, input);
    const { position, epoch, epochTag, durability } = written;
    const bookmark = { epoch, epochTag, txid: position?.txid ?? noTxid };
    const text = bookmarks.format(bookmark);
    response.setHeader(bookmarkHeader, text);
    response.setHeader('Durability', durability);
    if (hasSession(caller) || wantsPage(request)) bookmarkCookie.set(response, text);
    const waitS = parsePreferredWait(request.get('Prefer'));
    if (waitS !== undefined) await waitForNodes(bookmark, waitS, response);
    return written;
  };

  async function waitForNodes(
    bookmark: Bookmark,
    waitS: number,
    response: Response,
  ): Promise<void> {
    const standing = await bookmarks.askFleet(bookmark, waitS * 1000);
    // The write is done; where too many ask, the answer comes without it.
    if (standing === undefined) return;
    response.setHeader('Live-In', `${countReached(standing)}/${standing.nodes.length}`);
    response.setHeader('Preference-Applied', `wait=${waitS}`);
  }
}

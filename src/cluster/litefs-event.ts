import { z } from 'zod';
import type { Position } from '../domain/position.ts';
import { isTxid } from '../domain/position.ts';

/** What LiteFS says about the lease: whether this node holds it, and who does if it is another one. */
export interface LeaseView {
  readonly isPrimary: boolean;
  /** The `lease.hostname` of the primary this node dials or follows; LiteFS leaves it out on the primary itself. */
  readonly hostname: string | undefined;
}

/** One line of LiteFS's `/events`. */
export type LiteFsEvent =
  | { readonly type: 'init' | 'primaryChange'; readonly lease: LeaseView }
  | { readonly type: 'tx'; readonly database: string; readonly position: Position };

const leaseData = z.object({ isPrimary: z.boolean(), hostname: z.string().optional() });
const txData = z.object({
  txID: z.string().refine(isTxid),
  postApplyChecksum: z.string().regex(/^[0-9a-f]{16}$/),
});
const line = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['init', 'primaryChange']), data: leaseData }),
  z.object({ type: z.literal('tx'), db: z.string(), data: txData }),
]);
const anyLine = z.object({ type: z.string() });
const knownTypes: ReadonlySet<string> = new Set(['init', 'primaryChange', 'tx']);

/**
 * Parses a line of `/events`: `{ type, db?, data }`. Gives `undefined` for a type it does not know, which a
 * newer LiteFS may send. Throws `SyntaxError` or `ZodError` when the line is not what LiteFS writes.
 *
 * Source: LiteFS `store.go` (Event) and `http/server.go` (handleGetEvents).
 */
export function parseLiteFsEvent(text: string): LiteFsEvent | undefined {
  const json: unknown = JSON.parse(text);
  if (!knownTypes.has(anyLine.parse(json).type)) return undefined;
  const parsed = line.parse(json);
  if (parsed.type === 'tx') {
    const { txID, postApplyChecksum } = parsed.data;
    return {
      type: 'tx',
      database: parsed.db,
      position: { txid: txID, checksum: postApplyChecksum },
    };
  }
  return { type: parsed.type, lease: toLeaseView(parsed.data.isPrimary, parsed.data.hostname) };
}

/** Makes a `LeaseView`: no name counts as unknown, and the primary's own name is left out. */
export function toLeaseView(isPrimary: boolean, hostname: string | undefined): LeaseView {
  return { isPrimary, hostname: isPrimary || hostname === '' ? undefined : hostname };
}

/** Whether two views say the same. */
export function isSameLease(a: LeaseView, b: LeaseView): boolean {
  return a.isPrimary === b.isPrimary && a.hostname === b.hostname;
}

import type { Slug } from './slug.ts';

/** What the recorder looks at in a request; Node's `IncomingMessage` is one. */
export interface ClickRequest {
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * Takes the clicks of a tick, and has them in the kernel before they are answered (docs/architecture.md, "How a
 * click walks"). Synchronous; nothing of it throws. A click that cannot be kept is dropped, counted by reason and
 * logged.
 */
export interface ClickRecorder {
  /** A `GET` that is about to be answered with a redirect. Prefetches are judged here, and are no clicks. */
  add(linkId: number, request: ClickRequest): void;
  /** A `GET` of a slug that no link has. */
  addOrphan(slug: Slug): void;
  /**
   * Writes what was added since the last call, with one append. Gives `undefined` when the answers can go out, or a
   * promise that resolves when all of it is on the disk (`CLICK_SYNC=tick`); it never rejects.
   */
  append(nowMs: number): Promise<void> | undefined;
}

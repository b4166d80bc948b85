import type { ClickRecorder, ClickRequest } from '../../src/domain/click-recorder.ts';
import type { Slug } from '../../src/domain/slug.ts';

/** What one append held. */
export interface RecordedTick {
  readonly nowMs: number;
  readonly clicks: readonly { readonly linkId: number; readonly request: ClickRequest }[];
  readonly orphans: readonly Slug[];
}

/** A recorder that keeps in memory what it is given, and whose disk a test controls. */
export class FakeRecorder implements ClickRecorder {
  /** What was appended, without the appends that had nothing to keep. */
  readonly ticks: RecordedTick[] = [];
  /** Called in each append that has something to keep: what it gives is what `append` gives. */
  sync: () => Promise<void> | undefined = () => undefined;
  #clicks: RecordedTick['clicks'][number][] = [];
  #orphans: Slug[] = [];

  /** Ids of all links that were clicked, in order. */
  get linkIds(): number[] {
    return this.ticks.flatMap(({ clicks }) => clicks.map(({ linkId }) => linkId));
  }

  get orphans(): Slug[] {
    return this.ticks.flatMap(({ orphans }) => orphans);
  }

  add(linkId: number, request: ClickRequest): void {
    this.#clicks.push({ linkId, request });
  }

  addOrphan(slug: Slug): void {
    this.#orphans.push(slug);
  }

  append(nowMs: number): Promise<void> | undefined {
    if (this.#clicks.length + this.#orphans.length === 0) return undefined;
    this.ticks.push({ nowMs, clicks: this.#clicks, orphans: this.#orphans });
    this.#clicks = [];
    this.#orphans = [];
    return this.sync();
  }
}

import type { ClickDetails } from '../../domain/click.ts';
import type { ClickRequest } from '../../domain/click-recorder.ts';

/** What is kept of a click besides its link. */
export interface ClickFacts {
  /** The same object for equal content, as long as it is in memory: whoever writes it down knows it by identity. */
  readonly details: ClickDetails;
  /** Whether this node sees the visitor at this link for the first time today; false where nobody looks. */
  readonly isNewVisitor: boolean;
}

/** Judges who sent a request. */
export interface ClickJudge {
  /**
   * `undefined` for a prefetch, which is no click. The facts may be one object that the next call changes, so that
   * nothing is allocated for a click: read it at once, and never keep it. Does not throw.
   */
  judge(request: ClickRequest, linkId: number): ClickFacts | undefined;
}

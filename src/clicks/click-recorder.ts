import { ClickFrameEncoder } from '../domain/click-frame-encoder.ts';
import type { ClickRecorder, ClickRequest } from '../domain/click-recorder.ts';
import type { Slug } from '../domain/slug.ts';
import type { Spool } from './spool/spool.ts';
import type { VisitFacts } from './visits/visit.ts';

/** Keeps the clicks of each tick in a spool, with what `facts` says of who sent them. */
export function createClickRecorder(deps: {
  readonly facts: VisitFacts;
  readonly spool: Pick<Spool, 'append' | 'nonce'>;
}): ClickRecorder {
  const { facts, spool } = deps;
  const frames = new ClickFrameEncoder(spool.nonce);
  return {
    add(linkId: number, request: ClickRequest) {
      const visit = facts.judge(request, linkId);
      if (visit !== undefined) frames.add(linkId, visit.details, visit.isNewVisitor);
    },
    addOrphan(slug: Slug) {
      frames.addOrphan(slug);
    },
    append: (nowMs) => spool.append(frames, nowMs),
  };
}

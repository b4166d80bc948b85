import { ClickFrameEncoder } from '../domain/click-frame-encoder.ts';
import type { ClickRecorder, ClickRequest } from '../domain/click-recorder.ts';
import type { Slug } from '../domain/slug.ts';
import type { ClickJudge } from './facts/click-facts.ts';
import type { Spool } from './spool/spool.ts';

/** Keeps the clicks of each tick in a spool, with what `judge` says of who sent them. */
export function createClickRecorder(deps: {
  readonly judge: ClickJudge;
  readonly spool: Pick<Spool, 'append' | 'nonce'>;
}): ClickRecorder {
  const { judge, spool } = deps;
  const frames = new ClickFrameEncoder(spool.nonce);
  return {
    add(linkId: number, request: ClickRequest) {
      const judged = judge.judge(request, linkId);
      if (judged !== undefined) frames.add(linkId, judged.details, judged.isNewVisitor);
    },
    addOrphan(slug: Slug) {
      frames.addOrphan(slug);
    },
    append: (nowMs) => spool.append(frames, nowMs),
  };
}

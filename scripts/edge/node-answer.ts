import type { Readable, Writable } from 'node:stream';
import type { RawHeaders } from './raw-headers.ts';

/** The head of an answer as a node sent it. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

/**
 * What a node answered. All streams run as late as the link says. The connection ends with the body, with
 * the upgraded streams, or by `drop`.
 */
export type NodeAnswer =
  | (AnswerHead & { readonly is: 'response'; readonly body: Readable; drop(): void })
  | (AnswerHead & {
      readonly is: 'upgraded';
      /** What the node sends after its head. */
      readonly fromNode: Readable;
      readonly toNode: Writable;
      drop(): void;
    });

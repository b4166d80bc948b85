import { ClickFrameEncoder } from '../../domain/click-frame-encoder.ts';

/**
 * The frames that a batch is made of: those that are left of it, or else an empty one. A batch without any frame would be
 * like every other, and would seem to be counted wherever one is. `nonce` is that of the process.
 */
export function framesToSeal(left: Uint8Array, nonce: Uint8Array, nowMs: number): Uint8Array {
  return left.length > 0 ? left : new ClickFrameEncoder(nonce).finish(0, nowMs);
}

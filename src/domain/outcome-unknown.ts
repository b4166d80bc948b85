import { Failure } from './failure.ts';

/** The failure of a write that may or may not have taken effect, here or in the fleet. */
export function outcomeUnknown(cause?: unknown): Failure {
  return new Failure(
    'unavailable',
    'It is not known whether this took effect. Ask again: with the same Idempotency-Key it takes effect once.',
    { retryAfterS: 1 },
    cause,
  );
}

import fc from 'fast-check';
import type { ClickDetails } from '../../src/domain/click.ts';

/** A click as the recorder gets it. */
export interface TestClick {
  readonly linkId: number;
  readonly details: ClickDetails;
  readonly isNewVisitor: boolean;
}

/** The clicks and orphan hits of a tick. */
export interface TestTick {
  readonly timeMs: number;
  readonly clicks: readonly TestClick[];
  readonly orphanSlugs: readonly string[];
}

const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: null });

/** Details with any text in them. */
export const anyDetails: fc.Arbitrary<ClickDetails> = fc.record({
  isBot: fc.boolean(),
  country: fc.option(fc.constantFrom('DE', 'FR', 'JP'), { nil: null }),
  referrer: text,
  browser: text,
  os: text,
  device: fc.constantFrom('desktop', 'mobile', 'tablet', 'tv', null),
});

const linkIds = fc.oneof(
  fc.nat(300),
  fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1),
  fc.maxSafeNat(),
);

/** A tick whose clicks share a few details, as those of visitors do. */
export const anyTick: fc.Arbitrary<TestTick> = fc
  .array(anyDetails, { minLength: 1, maxLength: 5 })
  .chain((details) =>
    fc.record({
      timeMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      clicks: fc.array(
        fc.record({
          linkId: linkIds,
          details: fc.constantFrom(...details),
          isNewVisitor: fc.boolean(),
        }),
        { maxLength: 20 },
      ),
      orphanSlugs: fc.array(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/), {
        maxLength: 6,
      }),
    }),
  );

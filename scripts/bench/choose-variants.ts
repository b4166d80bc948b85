import { Misuse } from './options.ts';
import type { Variant } from './variant.ts';

/** The variants that are asked for, with their baselines, in the order of `variants`. Throws `Misuse`. */
export function chooseVariants(
  variants: readonly Variant[],
  { only, full }: { readonly only: readonly string[]; readonly full: boolean },
): readonly Variant[] {
  const unknown = only.find((name) => !variants.some((variant) => variant.name === name));
  if (unknown !== undefined) {
    const names = variants.map(({ name }) => name).join(', ');
    throw new Misuse(`${unknown} is no variant. These are: ${names}.`);
  }
  const chosen = variants.filter(({ name, isLong }) =>
    only.length > 0 ? only.includes(name) : full || !isLong,
  );
  const needed = new Set(chosen);
  // A set goes on over what is added to it meanwhile: the baseline of a baseline comes too.
  for (const { baseline } of needed) {
    for (const variant of variants) if (variant.name === baseline) needed.add(variant);
  }
  return variants.filter((variant) => needed.has(variant));
}

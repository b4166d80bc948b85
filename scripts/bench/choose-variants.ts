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
  const baselines = new Set(chosen.map(({ baseline }) => baseline));
  return variants.filter((variant) => chosen.includes(variant) || baselines.has(variant.name));
}

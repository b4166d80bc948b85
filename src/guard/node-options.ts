/**
 * What Node is told when it runs the guard, which has little to do and may use little memory: a small young generation,
 * and no compilers, whose code for some thousand requests takes 20 MB (docs/facts.md, "Compiled code outweighs a small
 * program"). `scripts/entrypoint.sh` says the same.
 */
export const guardNodeOptions = [
  '--max-semi-space-size=1',
  '--no-maglev',
  '--no-turbofan',
] as const;

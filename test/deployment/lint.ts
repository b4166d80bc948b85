import type { Deployment } from './deployment.ts';
import { dockerfileLints } from './dockerfile-lints.ts';
import { flyLints } from './fly-lints.ts';
import { litefsLints } from './litefs-lints.ts';

/** One rule that a deployment keeps, and the sentence for when it does not. */
export interface Lint {
  readonly message: string;
  readonly holds: (deployment: Deployment) => boolean;
}

/** Every rule. Sources: the deployment's settings and traps as listed at each file of lints. */
export const lints: readonly Lint[] = [...flyLints, ...litefsLints, ...dockerfileLints];

/** The sentences of all rules that a deployment breaks. */
export function lintDeployment(deployment: Deployment): string[] {
  return lints.filter(({ holds }) => !holds(deployment)).map(({ message }) => message);
}

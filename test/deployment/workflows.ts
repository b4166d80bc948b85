import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from './deployment.ts';

const permissions = z.union([z.string(), z.record(z.string(), z.string())]);

const concurrency = z.looseObject({
  group: z.string(),
  'cancel-in-progress': z.union([z.boolean(), z.string()]).default(false),
});

const stepSchema = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  env: z.record(z.string(), z.unknown()).default({}),
});

const jobSchema = z.looseObject({
  uses: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).default([]),
  permissions: permissions.optional(),
  concurrency: concurrency.optional(),
  'runs-on': z.string().optional(),
  'timeout-minutes': z.number().optional(),
  container: z.looseObject({ image: z.string() }).optional(),
  steps: z.array(stepSchema).default([]),
});

const workflowSchema = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: permissions.optional(),
  concurrency: concurrency.optional(),
  env: z.record(z.string(), z.unknown()).default({}),
  jobs: z.record(z.string(), jobSchema),
});

export type Job = z.output<typeof jobSchema>;
export type Step = z.output<typeof stepSchema>;

/** A workflow of GitHub, as text and as what it means. */
export interface Workflow {
  /** Its file's name, such as `ci.yml`. */
  readonly name: string;
  readonly text: string;
  readonly parsed: z.output<typeof workflowSchema>;
}

/** The texts of all workflows that are shipped, by file name. */
export function readWorkflowTexts(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    globSync('.github/workflows/*', { cwd: root }).map((path) => [
      basename(path),
      readFileSync(join(root, path), 'utf8'),
    ]),
  );
}

/** Parses them. Throws where one is not what GitHub calls a workflow. */
export function parseWorkflows(texts: Readonly<Record<string, string>>): readonly Workflow[] {
  return Object.entries(texts).map(([name, text]) => ({
    name,
    text,
    parsed: workflowSchema.parse(parse(text)),
  }));
}

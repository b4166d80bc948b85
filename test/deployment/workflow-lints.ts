// biome-ignore-all lint/suspicious/noTemplateCurlyInString: workflows hold such expressions

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInTree, root } from './deployment.ts';
import type { Job, Step, Workflow } from './workflows.ts';

/** One rule that the workflows keep, and the sentence for when they do not. */
export interface WorkflowLint {
  readonly message: string;
  readonly holds: (workflows: readonly Workflow[]) => boolean;
}

/**
 * What actionlint does not ask of a workflow. Source: GitHub's "Security hardening for GitHub Actions", and Fly's
 * "Continuous deployment with GitHub Actions".
 */
export const workflowLints: readonly WorkflowLint[] = [
  {
    message: 'actions must be named by a full commit, with their version beside it',
    holds: onEvery((workflow) =>
      linesOf(workflow, /^\s*(?:- )?uses: (?!\.\/)(.*)$/).every((used) =>
        /^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v?\d+(?:\.\d+)*$/.test(used),
      ),
    ),
  },
  {
    message: 'one action must be of one commit everywhere',
    holds: (workflows) => {
      const used = workflows.flatMap((workflow) =>
        linesOf(workflow, /^\s*(?:- )?uses: ([^.].*)$/).map((line) => line.split('@')),
      );
      return used.every(([action, at]) =>
        used.every(([other, otherAt]) => other !== action || otherAt === at),
      );
    },
  },
  {
    message: 'images of containers must be pinned by digest',
    holds: onEveryJob(
      ({ container }) => container === undefined || /@sha256:[0-9a-f]{64}$/.test(container.image),
    ),
  },
  {
    message: 'a workflow must begin with the right to read, and no other',
    holds: onEvery(
      ({ parsed }) => JSON.stringify(parsed.permissions) === JSON.stringify({ contents: 'read' }),
    ),
  },
  {
    message: 'a job that asks for more rights must be the one that publishes a release',
    holds: (workflows) =>
      workflows.every(({ name, parsed: { jobs } }) =>
        Object.entries(jobs).every(
          ([job, { permissions }]) =>
            permissions === undefined || (name === 'release.yml' && job === 'release'),
        ),
      ),
  },
  {
    message: 'release.yml: what is released must have been tested',
    holds: onEvery(
      ({ name, parsed: { jobs } }) =>
        name !== 'release.yml' ||
        (jobs.test?.uses === './.github/workflows/ci.yml' && jobs.release?.needs === 'test'),
    ),
  },
  {
    message: 'ci.yml: npm test must be run, with a cache of what it fetches and builds',
    holds: onEvery(({ name, parsed: { jobs } }) => {
      const steps = jobs.test?.steps ?? [];
      const cached = steps.find(({ uses }) => uses?.startsWith('actions/cache@'))?.with;
      const covers = (part: string, words: readonly string[]) =>
        words.every((word) => String(cached?.[part]).includes(word));
      return (
        name !== 'ci.yml' ||
        (steps.at(-1)?.run === 'npm test' &&
          covers('path', ['tools/bin', '~/.npm', '/var/cache/apt/archives']) &&
          covers('key', ['package-lock.json', 'tools/*/go.sum', 'scripts/setup/**']))
      );
    }),
  },
  {
    message: 'release.yml: a release must have an image, proof of its digest, notes and packages',
    holds: onEvery(({ name, parsed: { jobs } }) => {
      if (name !== 'release.yml') return true;
      const steps = jobs.release?.steps ?? [];
      const withOf = (action: string) =>
        steps.find(({ uses }) => uses?.startsWith(`${action}@`))?.with ?? {};
      const image = withOf('docker/build-push-action');
      const proof = withOf('actions/attest-build-provenance');
      const publish = steps.at(-1)?.run ?? '';
      return (
        image.push === true &&
        String(image.tags).endsWith(':${{ steps.prepare.outputs.version }}') &&
        proof['subject-digest'] === '${{ steps.build.outputs.digest }}' &&
        publish.startsWith('gh release create "$GITHUB_REF_NAME" --verify-tag ') &&
        publish.endsWith(' --notes-file release/notes.md release/*.cdx.json')
      );
    }),
  },
  {
    message: 'jobs must end by themselves: each needs timeout-minutes',
    holds: onEveryJob((job) => job.uses !== undefined || job['timeout-minutes'] !== undefined),
  },
  {
    message: 'jobs must run on a named version of the runner',
    holds: onEveryJob((job) => job.uses !== undefined || /-\d\d\.\d\d$/.test(job['runs-on'] ?? '')),
  },
  {
    message: 'a checkout must not leave its token behind',
    holds: onEveryStep(
      ({ uses, with: input }) =>
        uses?.startsWith('actions/checkout@') !== true || input['persist-credentials'] === false,
    ),
  },
  {
    message: 'the only secrets are those of Fly and of GitHub itself',
    holds: onEvery(({ text }) =>
      [...text.matchAll(/\bsecrets\s*(?:\.\s*(\w+)|[[:])/g)].every(([, name]) =>
        ['FLY_API_TOKEN', 'GITHUB_TOKEN'].includes(name ?? ''),
      ),
    ),
  },
  {
    message: 'secrets must be given to single steps, never to a job or a workflow',
    holds: onEvery(
      ({ parsed }) =>
        !JSON.stringify(parsed.env).includes('secrets.') &&
        Object.values(parsed.jobs).every(
          (job) => !JSON.stringify(job.env ?? {}).includes('secrets.'),
        ),
    ),
  },
  {
    message: 'what a step does must be one command; the rest belongs into scripts that are tested',
    holds: onEveryStep(({ run }) => run === undefined || !/[\n;|]|&&/.test(run.trim())),
  },
  {
    message: 'scripts that steps start must be in the tree',
    holds: onEveryStep(({ run }) => {
      const script = /^(?:exec )?(?:node )?(scripts\/\S+)/.exec(run ?? '')?.[1];
      return script === undefined || isInTree(script);
    }),
  },
  {
    message: 'Node must be the version that package.json pins',
    holds: (workflows) => {
      const { node } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
      return (
        stepsOf(workflows).every(({ with: input }) => (input['node-version'] ?? node) === node) &&
        jobsOf(workflows).every(
          ({ container }) => container === undefined || container.image.startsWith(`node:${node}-`),
        )
      );
    },
  },
  {
    message: 'Go must be the version that scripts/setup/go-toolchain.js pins',
    holds: (workflows) => {
      const source = readFileSync(join(root, 'scripts/setup/go-toolchain.js'), 'utf8');
      const pinned = /version: 'go([\d.]+)'/.exec(source)?.[1];
      return stepsOf(workflows).every(
        ({ with: input }) => (input['go-version'] ?? pinned) === pinned,
      );
    },
  },
  {
    message: 'code of strangers must not meet secrets: no pull_request_target, no workflow_run',
    holds: onEvery(
      ({ parsed: { on } }) => !('pull_request_target' in on) && !('workflow_run' in on),
    ),
  },
  {
    message: 'only runs of a pull request may be cancelled by a newer one',
    holds: onEvery(({ parsed }) =>
      [parsed.concurrency, ...Object.values(parsed.jobs).map((job) => job.concurrency)].every(
        (each) =>
          each === undefined ||
          each['cancel-in-progress'] === false ||
          each['cancel-in-progress'] === "${{ github.event_name == 'pull_request' }}",
      ),
    ),
  },
  {
    message: 'deploy.yml: deployments must wait for each other',
    holds: onEvery(
      ({ name, parsed: { jobs } }) =>
        name !== 'deploy.yml' ||
        (jobs.deploy?.concurrency?.group === 'deploy' &&
          jobs.deploy.concurrency['cancel-in-progress'] === false),
    ),
  },
  {
    message: 'deploy.yml: what is deployed must have been tested, or be an image that was',
    holds: onEvery(({ name, parsed: { jobs } }) => {
      if (name !== 'deploy.yml') return true;
      const { test, deploy } = jobs;
      return (
        test?.uses === './.github/workflows/ci.yml' &&
        deploy?.needs === 'test' &&
        String(deploy.if).includes("needs.test.result == 'success' || inputs.image")
      );
    }),
  },
  {
    message: 'deploy.yml: the shell must make way, so that a cancelled run reaches the program',
    holds: onEvery(
      ({ name, parsed: { jobs } }) =>
        name !== 'deploy.yml' ||
        jobs.deploy?.steps.at(-1)?.run?.startsWith('exec node scripts/deploy/main.ts ') === true,
    ),
  },
  {
    message: 'deploy.yml: flyctl must be the version that scripts/fly was tried with',
    holds: (workflows) => {
      const source = readFileSync(join(root, 'scripts/fly/fly.ts'), 'utf8');
      const tried = /which flyctl ([\d.]+) prints/.exec(source)?.[1];
      return stepsOf(workflows).every(
        ({ uses, with: input }) =>
          uses?.includes('/setup-flyctl@') !== true || input.version === tried,
      );
    },
  },
];

/** The sentences of all rules that workflows break. */
export function lintWorkflows(workflows: readonly Workflow[]): string[] {
  return workflowLints.filter(({ holds }) => !holds(workflows)).map(({ message }) => message);
}

function onEvery(holds: (workflow: Workflow) => boolean): WorkflowLint['holds'] {
  return (workflows) => workflows.every(holds);
}

function onEveryJob(holds: (job: Job) => boolean): WorkflowLint['holds'] {
  return (workflows) => jobsOf(workflows).every(holds);
}

function onEveryStep(holds: (step: Step) => boolean): WorkflowLint['holds'] {
  return (workflows) => stepsOf(workflows).every(holds);
}

function jobsOf(workflows: readonly Workflow[]): readonly Job[] {
  return workflows.flatMap(({ parsed }) => Object.values(parsed.jobs));
}

function stepsOf(workflows: readonly Workflow[]): readonly Step[] {
  return jobsOf(workflows).flatMap(({ steps }) => steps);
}

/** What a pattern's group is on each line of the text that it fits. */
function linesOf({ text }: Workflow, pattern: RegExp): readonly string[] {
  return text.split('\n').flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

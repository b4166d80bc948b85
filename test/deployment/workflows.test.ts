// biome-ignore-all lint/suspicious/noTemplateCurlyInString: workflows hold such expressions

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './deployment.ts';
import { lintWorkflows, workflowLints } from './workflow-lints.ts';
import { parseWorkflows, readWorkflowTexts } from './workflows.ts';

const shipped = readWorkflowTexts();

/** A change to a workflow that a rule must notice; `from` occurs there. */
type Mutation = readonly [file: string, from: string, to: string];

const mutations: Readonly<Record<string, readonly Mutation[]>> = {
  'actions must be named by a full commit, with their version beside it': [
    ['ci.yml', 'checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1', 'checkout@v7'],
    ['ci.yml', 'checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1', 'checkout@3d3c42e'],
    ['ci.yml', ' # v7.0.1', ''],
  ],
  'one action must be of one commit everywhere': [
    [
      'ci.yml',
      'actions/setup-go@b7ad1dad31e06c5925ef5d2fc7ad053ef454303e',
      'actions/checkout@b7ad1dad31e06c5925ef5d2fc7ad053ef454303e',
    ],
  ],
  'images of containers must be pinned by digest': [
    ['ci.yml', '-bookworm@sha256:64af3819', '-bookworm@sha256:'],
  ],
  'a workflow must begin with the right to read, and no other': [
    ['ci.yml', 'permissions:\n  contents: read\n', ''],
    ['ci.yml', 'contents: read', 'contents: write'],
    ['ci.yml', '  contents: read', '  contents: read\n  packages: write'],
  ],
  'ci.yml: npm test must be run, with a cache of what it fetches and builds': [
    ['ci.yml', 'run: npm test', 'run: npm run lint'],
    ['ci.yml', 'actions/cache@', 'actions/cache/restore@'],
    ['ci.yml', '            tools/bin\n', ''],
    ['ci.yml', "'tools/*/go.sum', ", ''],
  ],
  'release.yml: a release must have an image, proof of its digest, notes and packages': [
    ['release.yml', 'push: true', 'push: false'],
    ['release.yml', ':${{ steps.prepare.outputs.version }}', ':latest'],
    ['release.yml', 'actions/attest-build-provenance@', 'actions/attest@'],
    ['release.yml', ' release/*.cdx.json', ''],
    ['release.yml', ' --verify-tag', ''],
  ],
  'jobs must end by themselves: each needs timeout-minutes': [
    ['ci.yml', '    timeout-minutes: 10\n', ''],
  ],
  'jobs must run on a named version of the runner': [['ci.yml', 'ubuntu-24.04', 'ubuntu-latest']],
  'a checkout must not leave its token behind': [
    ['ci.yml', 'persist-credentials: false', 'fetch-depth: 0'],
  ],
  'the only secrets are those of Fly and of GitHub itself': [
    [
      'ci.yml',
      'run: npm test',
      'run: npm test\n        env:\n          A: ${{ secrets.ADMIN_KEY }}',
    ],
    ['ci.yml', 'run: npm test', "run: npm test\n        env:\n          A: ${{ secrets['B'] }}"],
    ['ci.yml', '  packages:\n', '  other:\n    uses: ./a.yml\n    secrets: inherit\n  packages:\n'],
  ],
  'secrets must be given to single steps, never to a job or a workflow': [
    ['ci.yml', 'defaults:', 'env:\n  FLY_API_TOKEN: ${{ secrets.FLY_API_TOKEN }}\ndefaults:'],
    [
      'ci.yml',
      '    container:',
      '    env:\n      FLY_API_TOKEN: ${{ secrets.FLY_API_TOKEN }}\n    container:',
    ],
  ],
  'what a step does must be one command; the rest belongs into scripts that are tested': [
    ['ci.yml', 'run: npm test', 'run: npm test || npm test'],
    ['ci.yml', 'run: npm test', 'run: |\n          npm ci\n          npm test'],
  ],
  'scripts that steps start must be in the tree': [
    ['ci.yml', 'scripts/image/try-image.sh', 'scripts/image/no.sh'],
  ],
  'Node must be the version that package.json pins': [
    ['ci.yml', 'node-version: 24.21.0', 'node-version: 24.20.0'],
    ['ci.yml', 'node:24.21.0-bookworm', 'node:24.20.0-bookworm'],
  ],
  'Go must be the version that scripts/setup/go-toolchain.js pins': [
    ['ci.yml', 'go-version: 1.26.8', 'go-version: 1.26.7'],
  ],
  'code of strangers must not meet secrets: no pull_request_target, no workflow_run': [
    ['ci.yml', '  pull_request:', '  pull_request_target:'],
  ],
  'only runs of a pull request may be cancelled by a newer one': [
    [
      'ci.yml',
      "cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
      'cancel-in-progress: true',
    ],
  ],
  'a job that asks for more rights must be the one that publishes a release': [
    ['deploy.yml', '    environment: production', '    permissions: write-all'],
    [
      'ci.yml',
      '    timeout-minutes: 10',
      '    timeout-minutes: 10\n    permissions:\n      packages: write',
    ],
  ],
  'release.yml: what is released must have been tested': [
    ['release.yml', 'needs: test', 'needs: []'],
  ],
  'deploy.yml: deployments must wait for each other': [
    ['deploy.yml', 'group: deploy', 'group: deploy-${{ github.run_id }}'],
    [
      'deploy.yml',
      'cancel-in-progress: false',
      "cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
    ],
  ],
  'deploy.yml: what is deployed must have been tested, or be an image that was': [
    ['deploy.yml', "needs.test.result == 'success'", "needs.test.result != 'failure'"],
    ['deploy.yml', 'needs: test', 'needs: []'],
  ],
  'deploy.yml: the shell must make way, so that a cancelled run reaches the program': [
    ['deploy.yml', 'exec node', 'node'],
  ],
  'deploy.yml: flyctl must be the version that scripts/fly was tried with': [
    ['deploy.yml', 'version: 0.4.87', 'version: latest'],
  ],
};

describe('the workflows', () => {
  test('keep every rule', () => {
    expect(lintWorkflows(parseWorkflows(shipped))).toEqual([]);
  });

  test('have no rule that was never seen to fail', () => {
    expect(Object.keys(mutations).sort()).toEqual(workflowLints.map((lint) => lint.message).sort());
  });

  const rows = Object.entries(mutations).flatMap(([message, changes]) =>
    changes.map(([file, from, to]) => ({ message, file, from, to })),
  );
  test.for(rows)(
    'break a rule when in $file "$from" becomes "$to"',
    ({ file, from, to, message }) => {
      expect(shipped[file]).toContain(from);
      const mutated = { ...shipped, [file]: (shipped[file] ?? '').replaceAll(from, () => to) };
      expect(lintWorkflows(parseWorkflows(mutated))).toContain(message);
    },
  );
});

describe('actionlint', () => {
  const actionlint = (input: string) =>
    spawnSync(join(root, 'tools/bin/actionlint'), ['-no-color', '-stdin-filename', 'it.yml', '-'], {
      cwd: root,
      input,
      encoding: 'utf8',
    });

  test.for(Object.keys(shipped))('has nothing to say of %s', (name) => {
    const { stdout, stderr, status } = actionlint(shipped[name] ?? '');
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  test('reads expressions, and the shell in between', () => {
    const { stdout, status } = actionlint(
      (shipped['ci.yml'] ?? '')
        .replace('github.ref ||', 'github.rf ||')
        .replace('run: npm test', 'run: npm test $HOME'),
    );
    expect(status).toBe(1);
    expect(stdout).toContain('property "rf" is not defined');
    expect(stdout).toContain('SC2086');
  });
});

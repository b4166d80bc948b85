import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { liteFsVersion } from '../../src/guard/litefs-version.ts';
import { guardNodeOptions } from '../../src/guard/node-options.ts';
import { type Deployment, isInTree, root } from './deployment.ts';
import { parseCommands } from './dockerfile.ts';
import type { Lint } from './lint.ts';

/** The programs that each image and package brings. */
const provided = {
  // Debian's essential packages: dpkg, coreutils, dash, util-linux, hostname.
  debian: [
    'apt-get',
    'dirname',
    'echo',
    'env',
    'hostname',
    'id',
    'install',
    'ln',
    'rm',
    'setpriv',
    'sh',
  ],
  node: ['node', 'npm'],
};

/** What the Dockerfile must say, and why. */
export const dockerfileLints: readonly Lint[] = [
  {
    message: 'Dockerfile: LiteFS must be the version that tools/litefs/go.mod and the guard pin',
    holds: ({ texts }) => {
      const pinned = /github\.com\/superfly\/litefs v(\S+)/.exec(texts['tools/litefs/go.mod'])?.[1];
      return (
        pinned === liteFsVersion &&
        texts.Dockerfile.includes(
          `-X main.Version=v${pinned}' github.com/superfly/litefs/cmd/litefs`,
        )
      );
    },
  },
  {
    message: 'Dockerfile: LiteFS must be built from tools/litefs as the set-up builds it for tests',
    holds: ({ dockerfile, copies }) => {
      const setUp = readFileSync(join(root, 'scripts/setup/go-tools.js'), 'utf8');
      const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath'];
      return (
        copies.some(
          ({ stage, sources }) =>
            stage === 0 && sources.join(' ') === 'tools/litefs/go.mod tools/litefs/go.sum',
        ) &&
        flags.every((flag) => setUp.includes(`'${flag}'`)) &&
        dockerfile.some(
          ({ name, stage, text }) =>
            name === 'RUN' &&
            stage === 0 &&
            text.startsWith(`env CGO_ENABLED=0 GOTOOLCHAIN=local go build ${flags.join(' ')} -o `),
        )
      );
    },
  },
  {
    message: 'Dockerfile: Go must be the version that scripts/setup/go-toolchain.js pins',
    holds: ({ texts }) => {
      const setUp = readFileSync(join(root, 'scripts/setup/go-toolchain.js'), 'utf8');
      const pinned = /version: 'go([\d.]+)'/.exec(setUp)?.[1];
      return texts.Dockerfile.includes(`FROM golang:${pinned}-bookworm@`);
    },
  },
  {
    message: 'Dockerfile: Node must be the version that package.json pins',
    holds: ({ texts, package: { devDependencies } }) =>
      texts.Dockerfile.includes(`FROM node:${devDependencies.node}-bookworm-slim@`),
  },
  {
    message: 'Dockerfile: base images must be pinned to a whole version and its digest',
    holds: (deployment) =>
      baseImages(deployment).every((image) =>
        /^[\w/-]+:\d+\.\d+\.\d+(?:-[\w-]+)?@sha256:[0-9a-f]{64}$/.test(image),
      ),
  },
  {
    message: 'Dockerfile: what is copied must be named; no ADD and no whole tree',
    holds: ({ dockerfile, copies }) =>
      dockerfile.every(({ name }) => name !== 'ADD') &&
      copies.every(({ sources }) => sources.every((source) => !/^[./*]*$/.test(source))),
  },
  {
    message: 'Dockerfile: what is copied must be in the tree',
    holds: (deployment) => treeSources(deployment).every(isInTree),
  },
  {
    message: '.dockerignore must let through what the Dockerfile copies, and nothing else',
    holds: (deployment) => {
      const [first, ...rest] = deployment.texts['.dockerignore']
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      const wanted = new Set(treeSources(deployment).map((source) => `!${source}`));
      return first === '*' && rest.length === wanted.size && rest.every((line) => wanted.has(line));
    },
  },
  {
    message: 'Dockerfile: what is copied between stages must come from a stage of that name',
    holds: ({ dockerfile, copies }) =>
      copies.every(
        ({ from, stage }) =>
          from === undefined ||
          dockerfile.some(
            (other) =>
              other.name === 'FROM' && other.stage < stage && other.text.endsWith(` AS ${from}`),
          ),
      ),
  },
  {
    message: 'Dockerfile: packages must come from npm ci --omit=dev --ignore-scripts',
    holds: ({ dockerfile }) => {
      const installs = dockerfile.filter(
        ({ name, text }) => name === 'RUN' && /\bnpm\b/.test(text),
      );
      return installs.length === 1 && installs[0]?.text === 'npm ci --omit=dev --ignore-scripts';
    },
  },
  {
    message: 'Dockerfile: fuse3, ca-certificates and user_allow_other must be there',
    holds: ({ dockerfile }) =>
      dockerfile.some(
        ({ name, text }) =>
          name === 'RUN' &&
          /apt-get install\b[^&]* fuse3\b/.test(text) &&
          /apt-get install\b[^&]* ca-certificates\b/.test(text) &&
          text.includes('echo user_allow_other >> /etc/fuse.conf'),
      ),
  },
  {
    message: 'Dockerfile: commands must be of the base image',
    holds: ({ dockerfile }) =>
      parseCommands(dockerfile).every((command) =>
        [...provided.debian, ...provided.node].includes(command),
      ),
  },
  {
    message: 'Dockerfile: no secret may be built in',
    holds: ({ dockerfile }) =>
      dockerfile.every(
        ({ name, text }) =>
          !['ARG', 'ENV'].includes(name) || !/SECRET|KEY|TOKEN|PASSWORD/.test(text),
      ),
  },
  {
    message: 'Dockerfile: no port may be exposed but the public one',
    holds: ({ dockerfile, fly }) =>
      dockerfile.every(({ name, text }) => name !== 'EXPOSE' || text === fly.env.PORT),
  },
  {
    message: 'Dockerfile: CMD must be an executable that is copied, started without a shell',
    holds: ({ dockerfile, copies }) => {
      const command = dockerfile.filter(({ name }) => name === 'CMD').at(-1)?.text ?? '';
      const path = /^\["\/app\/([^"]+)"\]$/.exec(command)?.[1] ?? '';
      return copies.some(({ sources }) => sources.includes(path)) && isExecutable(path);
    },
  },
  {
    message:
      'Dockerfile: "hoplite" on the PATH must be the bin of package.json, which is executable',
    holds: ({ texts, package: { bin } }) =>
      texts.Dockerfile.includes(`ln -s /app/${bin.hoplite} /usr/local/bin/hoplite`) &&
      isExecutable(bin.hoplite ?? '') &&
      readFileSync(join(root, bin.hoplite ?? ''), 'utf8').startsWith('#!/usr/bin/env node\n'),
  },
  {
    message: 'Dockerfile: LiteFS must lie on the PATH, where the guard finds it',
    holds: ({ copies, primaryRegion: { boot } }) =>
      boot.command.join(' ') === ['node', ...guardNodeOptions, 'src/guard/main.ts'].join(' ') &&
      isInTree('src/guard/main.ts') &&
      copies.some(({ from, target }) => from === 'litefs' && target === '/usr/local/bin/litefs'),
  },
  {
    message: 'Dockerfile: what a node keeps must lie on the volume',
    holds: ({ fly, imageEnv }) =>
      fly.mounts.every(({ destination }) =>
        [imageEnv.DATA_DIR, imageEnv.LITEFS_DATA_DIR].every((path) =>
          path?.startsWith(`${destination}/`),
        ),
      ),
  },
];

/** The images that the stages start from, other than earlier stages. */
function baseImages({ dockerfile }: Deployment): string[] {
  const froms = dockerfile.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' '));
  const stages = froms.map((words) => words[2]);
  return froms.map(([image = '']) => image).filter((image) => !stages.includes(image));
}

/** The paths of the tree that the Dockerfile copies. */
function treeSources({ copies }: Deployment): string[] {
  return copies.filter(({ from }) => from === undefined).flatMap(({ sources }) => sources);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(join(root, path), constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}

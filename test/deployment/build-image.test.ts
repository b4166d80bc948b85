import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { buildImage, createRunProgram } from '../../scripts/deploy/build-image.ts';
import { installFakeFly } from '../support/fake-fly/fake-fly-program.ts';
import { digestOf } from '../support/fake-fly/fake-fly-state.ts';
import { root } from './deployment.ts';

describe('the image', () => {
  /** A Docker that notes its calls, and knows this manifest. */
  function installDocker(manifest: string, exitCode = 0) {
    const { folder } = installFakeFly();
    const calls = join(folder, 'calls');
    writeFileSync(
      join(folder, 'docker'),
      `#!/bin/sh\necho "$*" >> ${calls}\n[ "$2" = imagetools ] && echo '${manifest}'\nexit ${exitCode}\n`,
    );
    chmodSync(join(folder, 'docker'), 0o755);
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
    onTestFinished(() => void vi.unstubAllEnvs());
    return { calls: () => readFileSync(calls, 'utf8').trim().split('\n') };
  }
  const signal = new AbortController().signal;
  const run = createRunProgram({ print: () => {}, cwd: root, signal });
  const build = () =>
    buildImage({ app: 'shop', tag: 'deploy-1' }, { logInDocker: async () => {}, run });

  test('is built and pushed once, and named by its digest', async () => {
    const docker = installDocker(`{"mediaType":"m","digest":"${digestOf('built')}","size":1}`);
    expect(await build()).toBe(`registry.fly.io/shop@${digestOf('built')}`);
    expect(docker.calls()).toEqual([
      'buildx build --platform linux/amd64 --provenance=false --tag registry.fly.io/shop:deploy-1 --push .',
      'buildx imagetools inspect registry.fly.io/shop:deploy-1 --format {{json .Manifest}}',
    ]);
  });

  test('fails with a sentence when Docker fails, says no digest, or is not there', async () => {
    installDocker('', 1);
    await expect(build()).rejects.toThrow('--push . ended with 1.');
    installDocker('{}');
    await expect(build()).rejects.toThrow(
      'does not say the digest of registry.fly.io/shop:deploy-1',
    );
    vi.stubEnv('PATH', '/nowhere');
    await expect(build()).rejects.toThrow('docker could not be started: it is not installed.');
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openScratchClone, type ScratchClone } from './scratch-clone.ts';

// Each test runs several processes, beside others.
vi.setConfig({ testTimeout: 30_000 });

/** A machine that has everything but Go, LiteFS and Consul. */
function machine(): ScratchClone {
  const clone = openScratchClone();
  clone.havePackages();
  clone.addProgram('fusermount3', '');
  return clone;
}

/** A Go of this version, which notes each call and "builds" a script that prints its name. */
function go(version: string): string {
  return `echo "$PWD $CGO_ENABLED $GOTOOLCHAIN: $*" >> "$HERE/calls"
[ "$1" = env ] && { echo ${version}; exit; }
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho built\\n' > "$2"; chmod +x "$2"`;
}

test('builds LiteFS and Consul from their pinned modules, once', async () => {
  const clone = machine();
  clone.addProgram('go', go('go1.26.8'));
  expect(await clone.run(['--fleet'])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr:
      'hoplite: building litefs v0.5.14 (about 1 minute, once)\n' +
      'hoplite: building consul v1.19.2 (about 4 minutes, once)\n',
  });
  const builds = clone
    .read('calls')
    ?.split('\n')
    .filter((call) => call.includes('build '));
  const flags = '-mod=readonly -buildvcs=false -trimpath -o';
  expect(builds).toEqual([
    `${clone.folder}/tools/litefs 0 local: build ${flags} ${clone.folder}/tools/bin/litefs.new -ldflags -s -w -X main.Version=v0.5.14 github.com/superfly/litefs/cmd/litefs`,
    `${clone.folder}/tools/consul 0 local: build ${flags} ${clone.folder}/tools/bin/consul.new -ldflags -s -w -X main.Version=v1.19.2 github.com/hashicorp/consul`,
  ]);
  expect(clone.read('tools/bin/litefs')).toContain('echo built');

  const calls = clone.read('calls');
  expect(await clone.run(['--fleet'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(clone.read('calls')).toBe(calls);
});

test('builds one again when its pins have changed', async () => {
  const clone = machine();
  clone.addProgram('go', go('go1.26.8'));
  await clone.run(['--fleet']);
  clone.write('tools/litefs/go.sum', `${clone.read('tools/litefs/go.sum')}\n`);
  expect((await clone.run(['--fleet'])).stderr).toBe(
    'hoplite: building litefs v0.5.14 (about 1 minute, once)\n',
  );
});

test('takes a program of the pinned version from the PATH, and no other', async () => {
  const clone = machine();
  clone.addProgram('go', go('go1.26.8'));
  clone.addProgram('litefs', 'echo "LiteFS v0.5.14, commit=3d1bd3f"');
  clone.addProgram('consul', 'echo "Consul v1.19.20"');
  expect((await clone.run(['--fleet'])).stderr).toBe(
    'hoplite: building consul v1.19.2 (about 4 minutes, once)\n',
  );
  expect(clone.read('tools/bin/litefs')).toBe(clone.read('programs/litefs'));
});

test('builds an S3 server and actionlint for the tests alone', async () => {
  const clone = machine();
  clone.addProgram('go', go('go1.26.8'));
  await clone.run(['--fleet']);
  // The set-up then ends at the browser, which is not there.
  expect((await clone.run(['--test'])).stderr).toContain(
    'hoplite: building versitygw v1.8.0 (about 2 minutes, once)\n',
  );
  expect(clone.read('tools/bin/versitygw')).toContain('echo built');
});

test('a build that fails leaves nothing that looks built', async () => {
  const clone = machine();
  clone.addProgram(
    'go',
    '[ "$1" = env ] && { echo go1.26.8; exit; }; echo "no space left"; exit 1',
  );
  const { exitCode, stderr } = await clone.run(['--fleet']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('litefs could not be built:\nno space left');
  expect(clone.read('tools/bin/litefs')).toBeUndefined();
  expect(clone.read('tools/bin/litefs.stamp')).toBeUndefined();
});

describe.for([
  { machine: 'without Go', go: undefined },
  { machine: 'with an old Go', go: 'go1.23.9' },
])('on a machine $machine', ({ go: version }) => {
  /** A zip with one file, "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/VERSION". */
  const zip = Buffer.from(
    'UEsDBBQAAAAAAAAAIVwAAAAAAAAAAAAAAAA4AAAAZ29sYW5nLm9yZy90b29sY2hhaW5AdjAuMC4xLWdvMS4yNi44LmxpbnV4LWFtZDY0L1ZFUlNJT05QSwECFAMUAAAAAAAAACFcAAAAAAAAAAAAAAAAOAAAAAAAAAAAAAAApAEAAAAAZ29sYW5nLm9yZy90b29sY2hhaW5AdjAuMC4xLWdvMS4yNi44LmxpbnV4LWFtZDY0L1ZFUlNJT05QSwUGAAAAAAEAAQBmAAAAVgAAAAAA',
    'base64',
  );
  const asked: { path: string | undefined; authorization: string | undefined }[] = [];
  const proxy = createServer((request, response) => {
    asked.push({ path: request.url, authorization: request.headers.authorization });
    response.statusCode = request.url?.startsWith('/empty/') === true ? 404 : 200;
    response.end(zip);
  });
  let host: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => proxy.close());

  const clonePrepared = () => {
    const clone = machine();
    if (version !== undefined) clone.addProgram('go', `[ "$1" = env ] && echo ${version}`);
    return clone;
  };

  test('asks each proxy of GOPROXY for a Go, and refuses one that is not what Go released', async () => {
    const clone = clonePrepared();
    asked.length = 0;
    const { exitCode, stderr } = await clone.run(['--fleet'], {
      GOPROXY: `http://${host}/empty,http://user:p%40ss@${host}/full/|direct`,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/is not what Go released \(h1:\S+ instead of h1:\S+\); it is not used/);
    const path = expect.stringMatching(
      /\/golang\.org\/toolchain\/@v\/v0\.0\.1-go1\.26\.8\.linux-\w+\.zip$/,
    );
    expect(asked).toEqual([
      { path, authorization: undefined },
      { path, authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
    ]);
    expect(clone.read('tools/bin/go.zip')).toBeUndefined();
    expect(clone.read('tools/bin/go.unpacked')).toBeUndefined();
  });

  test('says where it asked in vain, without the password', async () => {
    const clone = clonePrepared();
    const { exitCode, stderr } = await clone.run(['--fleet'], {
      GOPROXY: `http://user:secret@${host}/empty`,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'Go 1.24 or newer is needed to build LiteFS and Consul; install it from your system or ' +
        `https://go.dev/dl. It could not be fetched from GOPROXY either: ${host} (HTTP 404).`,
    );
    expect(stderr).not.toContain('secret');
  });

  test('says so when there is no proxy', async () => {
    const clone = clonePrepared();
    const { exitCode, stderr } = await clone.run(['--fleet'], { GOPROXY: 'off' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('GOPROXY names no proxy');
  });
});

test('without Go and GOPROXY, asks the old Go of the system where modules are to be had', async () => {
  const clone = machine();
  clone.addProgram('sudo', 'shift; [ "$1" = true ] || exec "$@"');
  clone.write('old-go', '#!/bin/sh\n[ "$2" = GOPROXY ] && echo file:///nowhere || echo go1.19\n');
  clone.addProgram(
    'apt-get',
    'for name; do :; done; [ "$name" = golang-go ] && cp "$HERE/old-go" "$HERE/programs/go" && chmod +x "$HERE/programs/go"',
  );
  const { exitCode, stderr } = await clone.run(['--fleet'], { CI: 'true', GOPROXY: '' });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('installing golang-go (it knows where Go modules are to be had');
  expect(stderr).toContain('It could not be fetched from GOPROXY either: file (ENOENT');
});

test('installs what is missing by apt, and asks for new package lists when the old ones fail', async () => {
  const clone = openScratchClone();
  clone.havePackages();
  clone.addProgram('go', go('go1.26.8'));
  // Who runs the tests may be root or not; with CI=true the latter asks sudo.
  clone.addProgram('sudo', 'shift; [ "$1" = true ] || exec "$@"');
  clone.addProgram(
    'apt-get',
    `echo "$*" >> "$HERE/apt"
[ "$1" = update ] && { mkdir "$HERE/lists"; exit; }
[ -d "$HERE/lists" ] || { echo "E: Unable to locate package"; exit 100; }
for name; do :; done
[ "$name" = fuse3 ] && cp "$HERE/programs/go" "$HERE/programs/fusermount3"
[ "$name" = systemd ] && for each in shellcheck systemd-analyze; do cp "$HERE/programs/go" "$HERE/programs/$each"; done
[ "$name" = fonts-liberation ] && cp "$HERE/programs/go" "$HERE/programs/chromium"
[ "$name" = faketime ] && for each in ip ss nft faketime; do cp "$HERE/programs/go" "$HERE/programs/$each"; done
[ "$name" = procps ] && for each in nginx openssl curl pgrep; do cp "$HERE/programs/go" "$HERE/programs/$each"; done
exit 0`,
  );
  const { exitCode, stderr } = await clone.run(['--test'], { CI: 'true' });
  expect(stderr).toContain('installing fuse3 (LiteFS mounts through fusermount3)');
  expect(exitCode).toBe(0);
  const install = '-o DPkg::Lock::Timeout=300 install -y --no-install-recommends';
  expect(clone.read('apt')?.trim().split('\n')).toEqual([
    `${install} fuse3`,
    'update',
    `${install} fuse3`,
    `${install} chromium fonts-liberation`,
    `${install} shellcheck systemd`,
    // Only root can run faults, and make machines.
    ...(process.getuid?.() === 0
      ? [`${install} iproute2 nftables faketime`, `${install} nginx-light openssl curl procps`]
      : []),
  ]);
});

describe.for([{ CI: '' }, { CI: 'true' }])('with CI="$CI"', (env) => {
  test('a missing browser is an error that says what to install', async () => {
    const clone = machine();
    clone.addProgram('go', go('go1.26.8'));
    const { exitCode, stderr } = await clone.run(['--test'], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /chromium fonts-liberation must be installed \(.*\): apt-get install chromium/,
    );
  });

  test('a missing fusermount3 is an error that says what to install', async () => {
    const clone = openScratchClone();
    clone.havePackages();
    const { exitCode, stderr } = await clone.run(['--fleet'], env);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/fuse3 must be installed \(.*\): apt-get install fuse3/);
  });

  test('a CHROMIUM that is no program is an error', async () => {
    const clone = machine();
    clone.addProgram('go', go('go1.26.8'));
    const { exitCode, stderr } = await clone.run(['--test'], { ...env, CHROMIUM: '/nowhere' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('CHROMIUM is /nowhere, which is no program.');
  });
});

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../../scripts/cluster/until.ts';
import {
  type Announcement,
  ClusterCommand,
  exitOf,
  firstLine,
} from '../support/cluster-command.ts';
import { bearer, follow, send } from '../support/send.ts';

const nothing = { processes: 0, mounts: [] };

test('the cluster is announced, grows, survives its own end, and leaves nothing behind', async () => {
  await using command = new ClusterCommand();
  const first = command.start(['--json']);
  const announced: Announcement = JSON.parse(await firstLine(first));
  expect(announced.nodes.map(({ id, region, candidate }) => [id, region, candidate])).toEqual([
    ['ams1', 'ams', true],
    ['ams2', 'ams', true],
    ['iad1', 'iad', false],
    ['syd1', 'syd', false],
  ]);
  expect(Object.keys(announced.edges)).toEqual(['ams', 'iad', 'syd']);
  expect(command.left()).toMatchObject({ mounts: { length: 4 } });
  const made = await send(`${announced.edges.syd}/api/v1/links`, {
    method: 'POST',
    headers: bearer(announced.adminKey),
    body: { slug: 'kept', destination: 'https://example.com/kept' },
  });
  expect(made).toMatchObject({ status: 201 });

  // A node that joins with an empty volume gets requests once it has caught up, and not before.
  const adding = command.run(['add', 'syd2']);
  const seen = new Set<string>();
  const added = await untilDone(adding, async () => {
    seen.add(await follow(announced.edges.syd, 'kept'));
  });
  expect(added).toMatchObject({ code: 0, err: '' });
  const url = /http:\S+/.exec(added.out)?.[0] as string;
  expect(await follow(url, 'kept')).toBe('302 https://example.com/kept');
  expect([...seen]).toEqual(['302 https://example.com/kept']);

  expect(await command.run(['stop', 'syd1'])).toMatchObject({ code: 0, err: '' });
  expect(await follow(announced.edges.syd, 'kept')).toBe('302 https://example.com/kept');
  expect(await command.run(['start', 'syd1'])).toMatchObject({ code: 0, err: '' });
  expect(await command.run(['add', 'syd2'])).toMatchObject({
    code: 1,
    err: 'syd2 is in the cluster already.\n',
  });
  expect((await command.run(['--json'])).err).toMatch(
    /^A cluster runs in .* already \(process \d+\)/,
  );

  // Killed, it leaves everything; the next run ends that, and may keep the data.
  first.kill('SIGKILL');
  await exitOf(first);
  expect(command.left()).toMatchObject({ mounts: { length: 5 } });
  const second = command.start(['--json', '--keep']);
  const again: Announcement = JSON.parse(await firstLine(second));
  expect(again.nodes.map(({ id }) => id)).toEqual(['ams1', 'ams2', 'iad1', 'syd1', 'syd2']);
  for (const node of again.nodes) {
    expect(await follow(node.url, 'kept')).toBe('302 https://example.com/kept');
  }
  expect(again.adminKey).toBe(announced.adminKey);

  second.kill('SIGINT');
  expect(await exitOf(second)).toBe(0);
  expect(command.left()).toEqual(nothing);

  // Without --keep the next one starts from nothing. It is interrupted half-started.
  const third = command.startWithNpm(['--json']);
  await until(() => command.left().mounts.length > 0, {
    what: 'the first node has mounted',
    timeoutMs: 30_000,
  });
  third.kill('SIGTERM');
  expect(await exitOf(third)).toBe(0);
  expect(command.left()).toEqual(nothing);
});

test('a port in use is named with the process that uses it', async () => {
  await using command = new ClusterCommand();
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(8081, '127.0.99.3', resolve));
  try {
    const { code, err } = await command.run(['--json', '--network', '127.0.99']);
    expect(code).toBe(1);
    expect(err).toContain(`127.0.99.3:8081 is in use by process ${process.pid} (`);
  } finally {
    stranger.close();
  }
});

test.for([
  { args: ['add'], says: 'add needs the id of a node.' },
  { args: ['grow', 'syd2'], says: 'grow is not a command.' },
  { args: ['add', 'syd2', 'syd3'], says: 'syd3 is one word too many.' },
  { args: ['--replay', 'pigeon'], says: '--replay is fly or forward.' },
  { args: ['--network', '10.0.0'], says: '--network is the first three parts of' },
  { args: ['--no-such-option'], says: "Unknown option '--no-such-option'" },
  { args: ['add', 'syd2'], says: 'No cluster runs in ' },
])('the command says what is wrong with $args', async ({ args, says }) => {
  await using command = new ClusterCommand();
  const { code, out, err } = await command.run(args);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err.startsWith(says), err).toBe(true);
});

/** Repeats `meanwhile` until the promise has settled. */
async function untilDone<T>(promise: Promise<T>, meanwhile: () => Promise<void>): Promise<T> {
  let done = false;
  const settled = promise.finally(() => {
    done = true;
  });
  while (!done) await meanwhile();
  return settled;
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { findProcessesWith, processGroup } from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import { allCaughtUp, edgeOf, primaryOf, sendAsAdmin } from '../support/cluster-client.ts';
import { type CommandResult, hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { bearer, follow, send } from '../support/send.ts';

const run = promisify(execFile);

let cluster: LocalCluster;
let primaryId: string;
/** What each node runs with, as a shell on its machine has it. */
const environments = new Map<string, Record<string, string>>();

beforeAll(async () => {
  cluster = await startTestCluster({
    variant: ({ id }) => ({
      // A guard would end a LiteFS that hangs.
      guard: id !== 'syd1',
      env(given) {
        const set = Object.entries(given).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value] as const],
        );
        environments.set(id, Object.fromEntries(set));
        return {};
      },
    }),
  });
  primaryId = (await primaryOf(cluster)).id;
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const runOn = (node: string, ...args: readonly string[]): Promise<CommandResult> =>
  runHoplite(args, environments.get(node) ?? {});

/** The number of a node's LiteFS: it leads the process group that its app is in. */
function findLiteFs(node: string): number {
  const url = environments.get(node)?.LITEFS_ADVERTISE_URL ?? '';
  const found = findProcessesWith('LITEFS_ADVERTISE_URL', url);
  return found.find(({ pid }) => processGroup(pid) === pid)?.pid as number;
}

describe('links and keys, at any node', () => {
  test('a link is created on one replica, shown on another and deleted on a third', async () => {
    const destination = 'https://example.com/by-command';
    const created = await runOn('syd1', 'link', 'create', destination, '--slug', 'by-command');
    expect(created).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/\/by-command\n$/),
    });
    const shown = await runOn('iad1', 'link', 'show', 'by-command');
    expect(shown.stdout).toContain(destination);
    expect(await follow(edgeOf(cluster, 'ams'), 'by-command')).toBe(`302 ${destination}`);
    const replica = cluster.nodes.find(({ id }) => id.startsWith('ams') && id !== primaryId) as {
      readonly id: string;
    };
    expect(await runOn(replica.id, 'link', 'delete', 'by-command', '--yes')).toMatchObject({
      exitCode: 0,
    });
    expect(await runOn('syd1', 'link', 'show', 'by-command')).toMatchObject({
      exitCode: 1,
      stderr: 'Not found: There is no such link.\n',
    });
  });

  test('a file is imported on one replica and exported on another, while redirects go on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hoplite-portable-'));
    try {
      const count = 1_200;
      const destinationOf = (number: number) => `https://example.com/imported/${number}`;
      const rows = Array.from({ length: count }, (_, number) =>
        JSON.stringify({ slug: `imported-${number}`, destination: destinationOf(number) }),
      );
      await writeFile(join(folder, 'in.jsonl'), rows.join('\n'));
      const edge = edgeOf(cluster, 'ams');
      await runOn('iad1', 'link', 'create', destinationOf(0), '--slug', 'goes-on');
      const answers: string[] = [];
      let isOver = false;
      const following = (async () => {
        while (!isOver) answers.push(await follow(edge, 'goes-on'));
      })();
      const imported = await runOn('syd1', 'import', join(folder, 'in.jsonl'), '--json');
      isOver = true;
      await following;
      expect(imported).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(`${count} links made.\n`),
      });
      expect(new Set(answers)).toEqual(new Set([`302 ${destinationOf(0)}`]));
      await allCaughtUp(cluster);
      const last = `imported-${count - 1}`;
      expect(await follow(edge, last)).toBe(`302 ${destinationOf(count - 1)}`);
      const { stdout } = await runOn('iad1', 'export');
      expect(stdout.split('"https://example.com/imported/').length - 1).toBe(count + 1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a key that is created on a replica works at every edge', async () => {
    const { stdout } = await runOn('iad1', 'key', 'create', 'from-iad');
    await allCaughtUp(cluster);
    for (const region of ['ams', 'iad', 'syd']) {
      const url = `${edgeOf(cluster, region)}/api/v1/links`;
      expect(await send(url, { headers: bearer(stdout.trim()) })).toMatchObject({ status: 200 });
    }
    expect((await runOn('syd1', 'key', 'list')).stdout).toContain('from-iad');
  });
});

describe('the schema', () => {
  test('is seen on a replica, and changed on the primary alone', async () => {
    expect((await runOn('syd1', 'migrate', 'status')).stdout).toMatch(
      /^applied {2}links.db {3}0001_links.sql +\S+Z on ams[\s\S]*\napplied {2}clicks.db {2}0001_clicks.sql +\S+Z on ams/,
    );
    expect(await runOn('syd1', 'migrate', 'check')).toMatchObject({ exitCode: 0 });
    expect(await runOn('syd1', 'migrate', 'up')).toMatchObject({
      exitCode: 1,
      stderr: `this node is a replica of ${primaryId}, and only the primary writes; run this there\n`,
    });
    expect(await runOn(primaryId, 'migrate', 'up')).toMatchObject({ exitCode: 0 });
    expect(await runOn(primaryId, 'migrate', 'down', '--yes')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('add --fleet'),
    });
  });
});

describe('docs/operations.md', () => {
  test('has commands that work on a candidate as they stand there', async () => {
    const replica = cluster.nodes.find(
      ({ id }) => id.startsWith('ams') && id !== primaryId,
    ) as NodeProcess;
    const text = readFileSync(join(projectDir, 'docs/operations.md'), 'utf8');
    const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.trimEnd().split('\n'),
    );
    expect(commands.length).toBeGreaterThan(5);
    const env = {
      ...environments.get(replica.id),
      PUBLIC_URL: replica.url,
      PRIVATE_URL: replica.privateUrl,
    };
    const said: string[] = [];
    for (const command of commands) {
      const here = command
        .replace('curl -s', 'curl -sSf')
        .replace('--to ams2', `--to ${primaryId}`);
      const script = `hoplite() { "${process.execPath}" "${hopliteFile}" "$@"; }; ${here}`;
      const { stdout } = await run('bash', ['-c', script], { env });
      expect(stdout, command).not.toBe('');
      said.push(stdout);
    }
    const status = JSON.parse(said[0] ?? '');
    expect(status.nodes).toHaveLength(cluster.nodes.length);
    for (const { node, answers, status: its } of status.nodes) {
      expect(answers, node).toBe(true);
      expect(its).toMatchObject({ node, epoch: expect.any(Number), clicks: expect.anything() });
    }
    const handed = (from: string, to: string) => `handed the lease over from ${from} to ${to}`;
    expect(said.at(-2)).toContain(handed(primaryId, replica.id));
    expect(said.at(-1)).toContain(handed(replica.id, primaryId));
  });

  test('is right about what the status says of a node that is gone', async () => {
    await cluster.node('iad1').kill();
    const { text } = await sendAsAdmin(cluster, `${cluster.node('syd1').url}/status`);
    const { summary, nodes } = JSON.parse(text);
    expect(summary.sentences).toContain('iad1 does not answer.');
    expect(nodes).toContainEqual({ node: 'iad1', answers: false, status: null });
    await cluster.startNode('iad1');
    await cluster.waitUntilRouted('iad1');
  });
});

describe('the doctor', () => {
  const failed = ({ stdout }: CommandResult) =>
    stdout.split('\n').flatMap((line) => /^fail +(.*)$/.exec(line)?.[1] ?? []);

  test('finds every node well', async () => {
    for (const { id } of cluster.nodes) {
      const result = await runOn(id, 'doctor');
      expect(failed(result), id).toEqual([]);
      expect(result.stdout, id).not.toMatch(/^warn/m);
      expect(result.exitCode).toBe(0);
      for (const check of ['mount', 'litefs', 'consul', 'role', 'position', 'peers', 'clocks']) {
        expect(result.stdout, id).toMatch(new RegExp(`^ok +${check} `, 'm'));
      }
    }
  });

  test('names a wrong NODE_ID on the primary', async () => {
    const env = { ...environments.get(primaryId), NODE_ID: 'somebody' };
    const result = await runHoplite(['doctor'], env);
    expect(failed(result)).toContainEqual(
      expect.stringContaining(`LiteFS calls this node ${primaryId}, but NODE_ID is somebody`),
    );
  });

  test('is not held up by a LiteFS that hangs', async () => {
    const pid = findLiteFs('syd1');
    process.kill(pid, 'SIGSTOP');
    try {
      const result = await runOn('syd1', 'doctor');
      expect(failed(result)).toContainEqual(expect.stringMatching(/^mount .* hangs, for LiteFS/));
      expect(failed(result)).toContainEqual(expect.stringMatching(/^litefs .*no answer within/));
      expect(result.exitCode).toBe(1);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  test('names a mount whose LiteFS is dead', async () => {
    const node = cluster.node('syd1');
    process.kill(findLiteFs('syd1'), 'SIGKILL');
    await until(() => !node.isRunning, { what: 'LiteFS has ended', timeoutMs: 10_000 });
    const result = await runOn('syd1', 'doctor');
    expect(failed(result)).toContainEqual(
      expect.stringContaining(
        `LiteFS is gone from its mount at ${join(node.dir, 'mount')} (ENOTCONN); restart this node`,
      ),
    );
    expect(result.exitCode).toBe(1);
    await node.kill();
    await cluster.startNode('syd1');
    await cluster.waitUntilRouted('syd1');
    expect(failed(await runOn('syd1', 'doctor'))).toEqual([]);
  });

  test('names a Consul that is gone', async () => {
    await cluster.consul.kill();
    const result = await runOn('iad1', 'doctor');
    expect(failed(result)).toContainEqual(expect.stringMatching(/^consul .*nobody listens there/));
  });
});

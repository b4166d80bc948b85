import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { type Block, readBlocks } from '../support/plain-machines/document.ts';
import { blocksOf, type MachineName, PlainFleet } from '../support/plain-machines/plain-fleet.ts';

const selfHost = 'self-host.md';
const installing = ['Install a release', 'Consul', 'The nodes', 'The proxy', 'The firewall'];
const first = ['ams1', 'ams2', 'iad1'] as const;
const settleMs = 60_000;
const origin = 'https://go.example.com';
const tls = '/etc/hoplite/tls';

/** What a busy machine and a test need, at the end of fleet.env. */
const patience = 'WRITE_HOLD=20000\nHEALTH_NOTICE=0\nGUARD_GRACE=2s\nWRITES_PER_MINUTE=1000000\n';
/** Made when a page asks for them, and not beside what is tested otherwise. */
const backups = 'BACKUP_URL=file:///srv/backups\nBACKUP_KEY=<BACKUP_KEY>\nBACKUP_INTERVAL=24h\n';

let fleet: PlainFleet;

// It makes network and mount namespaces, which only root can.
describe('plain machines', () => {
  beforeAll(async () => {
    fleet = await PlainFleet.create();
    await install(first);
  });
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  /** Does a block on those of `names` that it is for, at the same time. */
  async function play(block: Block, names: readonly MachineName[]): Promise<string[]> {
    const meant = names.filter((name) => block.what.split(/\W+/).includes(name));
    return Promise.all((meant.length > 0 ? meant : names).map((name) => fleet.play(block, name)));
  }

  /** Sets machines up as the page says: all files, then all commands in their order. */
  async function install(
    names: readonly MachineName[],
    beforeCommands: () => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    const isNew = names.includes('ams1');
    const blocks = installing
      .flatMap((section) => blocksOf(selfHost, section))
      // What is done once for the fleet is done.
      .filter(({ what }) => isNew || !what.startsWith('ams1'));
    for (const block of blocks.filter(({ isFile }) => isFile)) await play(block, names);
    for (const name of names) {
      const machine = fleet.machine(name);
      if (!isNew) {
        for (const shared of ['/etc/hoplite/fleet.env', '/etc/nftables.conf'])
          machine.write(shared, fleet.machine('ams1').read(shared));
      } else {
        const shared = machine.read('/etc/hoplite/fleet.env') + patience + fleet.fill(backups);
        machine.write('/etc/hoplite/fleet.env', shared);
      }
      await machine.do(
        `mkdir -p ${tls} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=go.example.com ` +
          `-addext subjectAltName=DNS:go.example.com -keyout ${tls}/privkey.pem -out ${tls}/fullchain.pem 2>&1`,
      );
    }
    await beforeCommands();
    for (const block of blocks.filter(({ isFile }) => !isFile)) await play(block, names);
    for (const name of names)
      await fleet.machine(name).startProgram('nginx', 'nginx', '-g', 'daemon off;');
    const listens = 'until curl -sko /dev/null https://127.0.0.1/; do sleep 0.05; done';
    await Promise.all(names.map((name) => fleet.machine(name).do(listens)));
  }

  /** The blocks of a page that are commands, in their order. */
  const commandsOf = (page: string, section: string) => blocksOf(`runbooks/${page}`, section);

  /** Asks through the proxy of a machine, as somebody whom the DNS has sent there. */
  function ask(name: MachineName, path: string, ...more: readonly string[]): Promise<string> {
    return fleet
      .machine(name)
      .do(
        `curl -s --cacert ${tls}/fullchain.pem --resolve go.example.com:443:127.0.0.1 ${more.map((word) => `'${word}'`).join(' ')} '${origin}${path}'`,
      );
  }

  /** Where a slug leads, by the proxy of a machine. */
  const followAt = (name: MachineName, slug: string) =>
    ask(name, `/${slug}`, '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}');

  /** Waits until a slug leads where it should: a busy machine may not hear from the primary in time. */
  const untilFollowed = (name: MachineName, slug: string) =>
    until(async () => (await followAt(name, slug)) === `302 https://example.com/${slug}`, {
      what: `${name} redirects ${slug}`,
      timeoutMs: settleMs,
    });

  /** Makes a link through the proxy of a machine; gives the status. */
  function createAt(
    name: MachineName,
    slug: string,
    key = fleet.secrets.ADMIN_KEY,
  ): Promise<string> {
    const body = JSON.stringify({ slug, destination: `https://example.com/${slug}` });
    const headers = ['-H', `Authorization: Bearer ${key}`, '-H', 'Content-Type: application/json'];
    return ask(
      name,
      '/api/v1/links',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      ...headers,
      '-d',
      body,
    );
  }

  /** Requests at a steady pace through the proxy of a machine, until it is told to stop. */
  async function keepAsking(
    name: MachineName,
    job: string,
    url: string,
    ...more: readonly string[]
  ) {
    const options = ['-s', '--cacert', `${tls}/fullchain.pem`, '-o', '/dev/null'];
    const local = ['--resolve', 'go.example.com:443:127.0.0.1', '-w', '%{stderr}%{http_code}\\n'];
    const machine = fleet.machine(name);
    await machine.startProgram(job, 'curl', ...options, ...local, ...more, `${url}#[1-100000]`);
    return async () => {
      await machine.kill(job);
      const answers = machine.log(job).trim().split('\n');
      return Object.fromEntries(
        Object.entries(Object.groupBy(answers, (answer) => answer)).map(([answer, all]) => [
          answer,
          all?.length,
        ]),
      );
    };
  }

  /** Does what several pages say about settings, each once on all machines, and restarts these one after another, as they say. */
  async function rollOut(blocks: readonly Block[]): Promise<void> {
    const [, , , restart] = commandsOf('add-a-region.md', 'Add a region') as Block[];
    for (const block of blocks) {
      expect(block.text).toContain('systemctl restart hoplite');
      const [settings = ''] = block.text.split('systemctl restart hoplite');
      await play({ ...block, text: settings }, first);
    }
    // Two at a time is more than the pages ask for; the proxies have the third.
    await Promise.all(
      (['ams2', 'iad1'] as const).map((name) => fleet.play(restart as Block, name)),
    );
    await fleet.play(restart as Block, 'ams1');
  }

  test('docs/self-host.md gives a fleet that writes and redirects through every proxy', async () => {
    expect(await createAt('iad1', 'first')).toBe('201');
    for (const name of first) await untilFollowed(name, 'first');
    const wrongKey = ask('iad1', '/api/v1/links', '-o', '/dev/null', '-w', '%{http_code}');
    expect(await wrongKey).toBe('401');
  });

  test('the app has none of the rights that its unit leaves to the guard and LiteFS', async () => {
    const status = await fleet
      .machine('iad1')
      .do('cat /proc/$(pgrep -u node -f src/main.ts -n)/status');
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).not.toMatch(/^Uid:\s+0\b/m);
  });

  test('the firewall leaves the proxy to everybody, and nothing else', async () => {
    const reach = (port: number) =>
      fleet.fromOutside(
        'curl',
        '-sk',
        '--connect-timeout',
        '0.3',
        '-o',
        '/dev/null',
        `telnet://10.77.0.1:${port}`,
      );
    const secure = await fleet.fromOutside(
      'curl',
      '-skf',
      '-o',
      '/dev/null',
      'https://10.77.0.1/robots.txt',
    );
    expect(secure.code).toBe(0);
    for (const port of [8080, 8081, 8300, 8301, 8500, 8501, 8502, 20202]) {
      expect((await reach(port)).code, String(port)).not.toBe(0);
    }
  });

  test('a release, FLEET_SECRET and the keys are changed machine by machine, and nothing fails', async () => {
    const secrets = commandsOf('rotate-fleet-secret.md', 'Rotate FLEET_SECRET') as Block[];
    const admin = commandsOf('rotate-api-keys.md', 'ADMIN_KEY') as Block[];
    const backupKeys = commandsOf('rotate-backup-key.md', 'Rotate BACKUP_KEY') as Block[];
    const upgrade = blocksOf(selfHost, 'Upgrade') as Block[];
    const [create, revoke] = commandsOf('rotate-api-keys.md', 'A key of a program') as Block[];
    const oldKey = (await fleet.machine('iad1').do('hoplite key create deploy-bot')).trim();

    const stop = await Promise.all([
      ...first.map((name) => keepAsking(name, 'reads', `${origin}/first`, '--rate', '5/s')),
      ...(['ams1', 'iad1'] as const).map((name) =>
        keepAsking(
          name,
          'writes',
          `${origin}/api/v1/links`,
          ...['--rate', '1/s', '--retry', '1', '-H', `Authorization: Bearer ${oldKey}`],
          ...[
            '-H',
            'Content-Type: application/json',
            '-d',
            '{"destination":"https://example.com/"}',
          ],
        ),
      ),
    ]);
    await rollOut([...upgrade, secrets[0], admin[0], backupKeys[0]] as Block[]);
    expect(await createAt('ams2', 'with-next', fleet.secrets.NEXT_ADMIN_KEY)).toBe('201');
    expect(await createAt('iad1', 'with-old')).toBe('201');
    await rollOut([secrets[1], backupKeys[1]] as Block[]);
    expect(await fleet.play(backupKeys[2] as Block, 'iad1')).toContain(
      ' links to file:///srv/backups',
    );
    await rollOut([secrets[2], admin[1], backupKeys[3]] as Block[]);
    const answers = await Promise.all(stop.map((end) => end()));
    for (const reads of answers.slice(0, first.length)) expect(Object.keys(reads)).toEqual(['302']);
    for (const writes of answers.slice(first.length)) expect(Object.keys(writes)).toEqual(['201']);

    // Signed with the new key, so what has the new one alone believes it.
    expect(await fleet.machine('iad1').do('hoplite backup verify')).not.toBe('');
    expect(await createAt('iad1', 'old-admin')).toBe('401');
    fleet.secrets.ADMIN_KEY = fleet.secrets.NEXT_ADMIN_KEY as string;
    const nextKey = (await fleet.play(create as Block, 'iad1')).trim();
    expect(await createAt('ams2', 'next-key', nextKey)).toBe('201');
    expect(await fleet.play(revoke as Block, 'iad1')).toContain('deploy-bot-2');
    await until(async () => (await createAt('ams2', 'old-key', oldKey)) === '401', {
      what: 'the revoked key is refused',
      timeoutMs: settleMs,
    });
  });

  test('a region is added', async () => {
    const [tell, asClient, check] = commandsOf('add-a-region.md', 'Add a region') as Block[];
    await play(tell as Block, first);
    await fleet.addMachine('syd1');
    await install(['syd1'], () => fleet.play(asClient as Block, 'syd1'));
    expect(await fleet.play(check as Block, 'syd1')).not.toMatch(/^fail/m);
    expect(await createAt('syd1', 'from-syd')).toBe('201');
    for (const name of [...first, 'syd1'] as const) await untilFollowed(name, 'from-syd');
  });

  test('a machine is replaced', async () => {
    const blocks = commandsOf('replace-a-machine.md', 'Replace a machine') as Block[];
    const [leave, forget, join, see] = blocks as [Block, Block, Block, Block];
    await fleet.play(leave, 'ams2');
    await fleet
      .machine('ams2')
      .do('rm -rf /var/lib/hoplite/litefs /var/lib/hoplite/node /var/lib/consul');
    expect(await fleet.play(forget, 'ams1')).not.toContain('10.77.0.2:8300');
    expect(await fleet.play(join, 'ams2')).not.toMatch(/^fail/m);
    const lease = JSON.parse((await fleet.play(see, 'ams1')).replace(/^[^{]*/, ''));
    expect(lease.candidates.map(({ node }: { node: string }) => node).toSorted()).toEqual([
      'ams1',
      'ams2',
    ]);
    expect(await followAt('ams2', 'first')).toBe('302 https://example.com/first');
  });

  test('the primary region is lost for good, and other nodes go on', async () => {
    const [compare, consul, candidates, wait] = commandsOf(
      'lose-the-primary-region.md',
      'Lose the primary region for good',
    ) as [Block, Block, Block, Block];
    expect(await createAt('iad1', 'last')).toBe('201');
    await untilFollowed('syd1', 'last');
    await Promise.all([fleet.loseMachine('ams1'), fleet.loseMachine('ams2')]);
    expect(await followAt('syd1', 'first')).toBe('302 https://example.com/first');
    expect(await fleet.play(compare, 'iad1')).toMatch(/"node":"iad1"[\s\S]*"node":"syd1"/);
    await fleet.play(consul, 'iad1');
    for (const name of ['iad1', 'syd1'] as const) await fleet.play(candidates, name);
    expect(await fleet.play(wait, 'iad1')).toContain('hoplite_guard_acquires_total');
    expect(await createAt('syd1', 'anew')).toBe('201');
    for (const name of ['iad1', 'syd1'] as const) {
      for (const slug of ['first', 'last', 'anew']) await untilFollowed(name, slug);
    }
  });

  test('a region is removed', async () => {
    const [leave, forget] = commandsOf('remove-a-region.md', 'Remove a region') as [Block, Block];
    await fleet.machine('syd1').kill('nginx');
    await fleet.play(leave, 'syd1');
    await fleet.play(forget, 'iad1');
    expect(fleet.machine('iad1').read('/etc/hoplite/fleet.env')).not.toContain('syd1');
    expect(fleet.machine('iad1').read('/etc/nftables.conf')).not.toContain('10.77.0.4');
    expect(await followAt('iad1', 'anew')).toBe('302 https://example.com/anew');
  });

  test('a machine by itself needs one unit, and none of the rights of root', async () => {
    const machine = fleet.machine('syd1');
    await machine.do('rm -rf /var/lib/hoplite/litefs /var/lib/hoplite/node /etc/hoplite/*.env');
    for (const block of blocksOf(selfHost, 'One machine, in five minutes')) {
      await fleet.play(block, 'syd1');
    }
    await machine.do('until curl -sf http://127.0.0.1:8080/readyz; do sleep 0.2; done');
    expect(await machine.do('hoplite doctor')).not.toMatch(/^(?:fail|warn)/m);
    const made = await machine.do('hoplite link create https://example.com/alone --slug alone');
    expect(made.trim()).toBe(`${origin}/alone`);
    // Files are those of where the command is given.
    await machine.do(
      'cd /var/log && hoplite export --output links.jsonl && hoplite import links.jsonl',
    );
    expect(machine.read('/var/log/links.jsonl')).toContain('https://example.com/alone');
    expect(await machine.do('cat /proc/$(pgrep -u node -f src/main.ts -n)/status')).toMatch(
      /^CapBnd:\s+0+$/m,
    );
    await machine.do('systemctl stop hoplite-alone');
    expect(machine.log('hoplite-alone').trimEnd().split('\n').at(-1)).toContain('"msg":"closed"');
  });

  test('nothing that the pages say is left untried', () => {
    const pages = readdirSync(join(projectDir, 'docs/runbooks')).map((name) => `runbooks/${name}`);
    const blocks = [selfHost, ...pages].flatMap(readBlocks);
    expect(blocks.filter(({ id }) => !fleet.played.has(id)).map(({ id }) => id)).toEqual([]);
  });
});

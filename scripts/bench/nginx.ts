import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asContestant, type StartContestant } from './contestant.ts';
import { ServerProcess } from './server-process.ts';
import { destinationOf, slugOf } from './slugs.ts';

/** Where distributions put nginx, which need not be on a user's path. */
const searchPath = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;

/** Whether there is an nginx on this machine. */
export function isNginxInstalled(): boolean {
  return spawnSync('nginx', ['-v'], { env: { PATH: searchPath } }).status === 0;
}

/** `return 302` with one destination, without a log: the least that nginx can do. */
export const startNginxReturn: StartContestant = (site) =>
  start(site, { access: 'off', location: returnFirst });

/** The same with its log as it is by default, so that there is something to count clicks by. */
export const startNginxReturnLogged: StartContestant = (site) =>
  start(site, { access: join(site.scratch, 'access.log'), location: returnFirst });

/** A `map` of 100,000 slugs, without a log. */
export const startNginxMap: StartContestant = async (site) => {
  const file = join(site.scratch, 'links.map');
  const lines = Array.from({ length: mapSize }, (_, n) => `/${slugOf(n)} ${destinationOf(n)};\n`);
  await writeFile(file, lines.join(''));
  return await start(site, {
    access: 'off',
    map: `
      map_hash_max_size ${mapSize * 2};
      map_hash_bucket_size 128;
      map $uri $destination { include ${file}; }`,
    location: 'if ($destination = "") { return 404; } return 302 $destination;',
  });
};

const mapSize = 100_000;
const returnFirst = `return 302 ${destinationOf(0)};`;

async function start(
  { scratch, signal }: Parameters<StartContestant>[0],
  options: { readonly access: string; readonly location: string; readonly map?: string },
): ReturnType<StartContestant> {
  const config = join(scratch, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(scratch, kind)};`,
  );
  const server = await ServerProcess.start({
    commandLine: () => ['nginx', '-p', scratch, '-e', 'stderr', '-c', config],
    env: () => ({ PATH: searchPath }),
    prepare: (port) =>
      writeFile(
        config,
        `
    # One process, which is the one on the servers' core.
    daemon off;
    master_process off;
    worker_processes 1;
    pid ${join(scratch, 'nginx.pid')};
    events {}
    http {
      ${temporary.join('\n      ')}
      access_log ${options.access};
      # Its connections last as long as those of the others.
      keepalive_requests 1000000000;${options.map ?? ''}
      server {
        listen 127.0.0.1:${port};
        location / { ${options.location} }
      }
    }
`,
      ),
    readyPath: '/',
    signal,
  });
  if (options.access === 'off') return asContestant(server);
  return asContestant(server, {
    settle: async () => undefined,
    countByLink: () => countLines(options.access),
  });
}

/** Hits on the first link, which is the only one that is asked for. */
async function countLines(log: string): Promise<Uint32Array> {
  const wanted = `"GET /${slugOf(0)} HTTP/1.1" 302 `;
  const counts = new Uint32Array(1);
  for await (const line of createInterface({ input: createReadStream(log) })) {
    if (line.includes(wanted)) (counts[0] as number) += 1;
  }
  return counts;
}

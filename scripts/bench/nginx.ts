import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from '../../test/support/free-port.ts';
import {
  asContestant,
  type Contestant,
  countingAtOnce,
  type Site,
  type StartContestant,
} from './contestant.ts';
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

/** What differs between configurations: where the log goes, what stands before the servers and what is answered. */
interface Answering {
  readonly access: string;
  readonly location: string;
  readonly map?: string;
}

async function start({ scratch, signal }: Site, options: Answering): Promise<Contestant> {
  const config = join(scratch, 'nginx.conf');
  const port = await findFreePort();
  await writeFile(config, configuration({ ...options, scratch, port }));
  const server = await ServerProcess.start({
    port,
    commandLine: ['nginx', '-p', scratch, '-e', 'stderr', '-c', config],
    env: { PATH: searchPath },
    readyPath: '/',
    signal,
  });
  if (options.access === 'off') return asContestant(server);
  return asContestant(
    server,
    countingAtOnce(() => countLines(options.access)),
  );
}

/** One process, which is the one on the servers' core, and connections that last as long as those of the others. */
function configuration({
  scratch,
  port,
  access,
  location,
  map = '',
}: Answering & { readonly scratch: string; readonly port: number }): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(scratch, kind)};`,
  );
  return `
    daemon off;
    master_process off;
    worker_processes 1;
    pid ${join(scratch, 'nginx.pid')};
    events {}
    http {
      ${temporary.join('\n      ')}
      access_log ${access};
      keepalive_requests 1000000000;${map}
      server {
        listen 127.0.0.1:${port};
        location / { ${location} }
      }
    }
`;
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

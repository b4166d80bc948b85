import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { commandLine } from './process-identity.ts';
import { unlessGone } from './unless-gone.ts';

/** Whether a listener could be opened there now. */
export function isFree(address: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(false);
    else reject(error);
  });
  server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}

/** Who listens on an IPv4 address and port, or on that port of all addresses, in words. */
export function describePortOwner(address: string, port: number): string {
  const sockets = new Set(listeningSockets(address, port).map((inode) => `socket:[${inode}]`));
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => openFiles(name).some((file) => sockets.has(file)));
  return pid === undefined
    ? 'a process that this user may not see'
    : `process ${pid} (${commandLine(Number(pid))})`;
}

/** Inodes of the listening sockets: proc(5), `/proc/net/tcp`. Addresses there are hex words of the machine's byte order. */
function listeningSockets(address: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const hexAddress = Buffer.from(address.split('.').map(Number).reverse())
    .toString('hex')
    .toUpperCase();
  const listening = '0A';
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => {
      const [host, socketPort] = local?.split(':') ?? [];
      const matches = host === hexAddress || /^0+$/.test(host ?? '');
      return state === listening && socketPort === hexPort && matches;
    })
    .map((fields) => fields[9] ?? '');
}

function openFiles(pid: string): string[] {
  const fds = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return fds.map((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '');
}

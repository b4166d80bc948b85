import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from './say.js';

/**
 * Runs `work` while no other process runs any under the same `folder`; waits for its turn and says so.
 *
 * The lock is a listening socket, which the kernel takes back from a process that dies, so there is
 * no stale lock to judge. Who waits holds a connection, and its end is the news that the lock is free.
 *
 * @param {string} folder
 * @param {() => Promise<void>} work
 */
export async function withLock(folder, work) {
  const address = socketAddress(folder);
  let told = false;
  for (;;) {
    const release = await listen(address);
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        release();
      }
    }
    await holderGone(address, (pid) => {
      if (!told) say(`another set-up of this folder is at work (process ${pid}); waiting for it`);
      told = true;
    });
  }
}

/**
 * On Linux a name in the abstract namespace, which leaves no file behind; elsewhere a file.
 *
 * @param {string} folder
 */
function socketAddress(folder) {
  const name = `hoplite-setup-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
}

/**
 * Takes the lock and gives the function that releases it, or `undefined` when another process has it.
 *
 * @param {string} address
 * @returns {Promise<(() => void) | undefined>}
 */
function listen(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiters = new Set();
    const server = createServer((socket) => {
      waiters.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => waiters.delete(socket));
      socket.write(String(process.pid));
    });
    server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(() => {
        server.close();
        for (const socket of waiters) socket.destroy();
      });
    });
  });
}

/**
 * Resolves when the process that has the lock ends or releases it.
 *
 * @param {string} address
 * @param {(pid: string) => void} onWait
 * @returns {Promise<void>}
 */
function holderGone(address, onWait) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('data', (pid) => onWait(String(pid)));
    socket.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      // A socket file outlives its process; nobody answers at it any more.
      if (error.code === 'ECONNREFUSED' && !address.startsWith('\0')) unlinkSync(address);
    });
    socket.on('close', () => resolve());
  });
}

import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import type { BackupWork } from './backup-pace.ts';
import { type BackupReport, parseBackupReport } from './backup-report.ts';

/** Longer than this no run takes, milliseconds. */
const defaultTimeoutMs = 7_200_000;
/**
 * One thread for JavaScript, its compiler and its collector. Each thread more that wants the CPU is one more that redirects may
 * have to wait for: with those that Node starts their p99 was twice what it is now, and the work took as long.
 */
const oneThread = ['--single-threaded', '--v8-pool-size=0'];
const subcommands = { backup: 'now', drill: 'verify' } as const;
const mostSaid = 500;

/**
 * Makes the way to do the work in a process of its own, the command line that a person would use. There it takes neither the
 * event loop of the redirects nor their memory, and its CPU only when nobody else wants it (`takeLowestPriority`). The
 * process ends when this one does, since its stdin ends. Never rejects.
 */
export function createBackupProcess(options: {
  /** The command line's file. */
  readonly file: string;
  /** Its environment; default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether nobody waits for a copy that is made, as in a fleet all that write to LiteFS do: it gives way from the start. A drill
   * does so everywhere.
   */
  readonly isAlone: boolean;
  readonly timeoutMs?: number;
}): (work: BackupWork, signal: AbortSignal) => Promise<BackupReport> {
  const { file, env, isAlone, timeoutMs = defaultTimeoutMs } = options;
  return async (work, signal) => {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const args = [...oneThread, file, 'backup', subcommands[work], '--scheduled'];
    const child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: bound,
      ...(env && { env }),
    });
    const holdsUpNobody = isAlone || work === 'drill';
    if (holdsUpNobody && child.pid !== undefined) giveWay(child.pid);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, by) => resolve(by === null ? `exit code ${code}` : `${by}`));
    });
    const [said, complaint, how] = await Promise.all([
      text(child.stdout).catch(() => ''),
      text(child.stderr).catch(() => ''),
      ended,
    ]);
    const report = parseBackupReport(said);
    if (report !== undefined) return report;
    const why = findReason(complaint) || said.trim().slice(0, mostSaid);
    return {
      outcome: 'failed',
      kind: 'crashed',
      why: `The process of the ${work} ended with ${how}${why === '' ? '.' : `: ${why}`}`,
    };
  };
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended, which is told by its exit code.
  }
}

/** The line of an uncaught error, among the lines of its stack; else the last one. */
function findReason(complaint: string): string {
  const lines = complaint.trim().split('\n');
  const reason = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return reason.slice(0, mostSaid);
}

import { readdirSync, readFileSync } from 'node:fs';

/** What a process has taken so far. */
export interface Usage {
  /** CPU time of all its threads, microseconds. */
  readonly cpuMicros: number;
  /** CPU time of its first thread: where a Node server answers. */
  readonly mainCpuMicros: number;
  readonly rssMb: number;
  /** The most it ever had. */
  readonly peakRssMb: number;
}

/** Reads the usage of a process from the kernel: proc_pid_status(5), and Documentation/scheduler/sched-stats.rst. */
export function readUsage(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  const micros = readdirSync(`/proc/${pid}/task`).map((thread) => readCpuMicros(pid, thread));
  return {
    cpuMicros: micros.reduce((sum, each) => sum + each, 0),
    mainCpuMicros: readCpuMicros(pid, String(pid)),
    rssMb: megabytes('VmRSS'),
    peakRssMb: megabytes('VmHWM'),
  };
}

function readCpuMicros(pid: number, thread: string): number {
  const [nanos] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
  return Number(nanos) / 1000;
}

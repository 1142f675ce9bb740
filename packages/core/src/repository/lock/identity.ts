/** Identifies this process so that another process, container or host can tell whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isErrno } from '@gofr-backup/model';

export interface ProcessIdentity {
  pid: number;
  host: string;
  /** the kernel's boot id; empty where the system has none (not Linux) */
  boot_id: string;
  /** pids of two containers are only comparable when this is equal */
  pid_namespace: string;
  /** clock ticks since boot at which the process began: tells a pid from its successor */
  started: string;
}

export type Liveness = 'alive' | 'dead' | 'unknown';

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    boot_id: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    pid_namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
    started: startOf(process.pid),
  };
}

/** Whether `other` lives, by its pid alone; `unknown` on another host, kernel or container. */
export function livenessByPid(other: ProcessIdentity, own: ProcessIdentity): Liveness {
  if (own.boot_id === '')
    return other.boot_id === '' && other.host === own.host ? byKill(other.pid) : 'unknown';
  if (other.boot_id !== own.boot_id || own.pid_namespace === '') return 'unknown';
  if (other.pid_namespace !== own.pid_namespace) return 'unknown';
  const stat = statOf(other.pid);
  // unreadable: gone, or /proc hides the processes of other users
  if (stat === undefined) return byKill(other.pid);
  return !stat.zombie && stat.started === other.started ? 'alive' : 'dead';
}

const startOf = (pid: number): string => statOf(pid)?.started ?? '';

/** Fields 3 and 22 of /proc/<pid>/stat; the name in field 2 may hold anything, hence the last `)`. */
function statOf(pid: number): { zombie: boolean; started: string } | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const [state, ...others] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = others[18];
  return started === undefined ? undefined : { zombie: state === 'Z' || state === 'X', started };
}

function byKill(pid: number): Liveness {
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return isErrno(error, 'ESRCH') ? 'dead' : 'alive';
  }
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

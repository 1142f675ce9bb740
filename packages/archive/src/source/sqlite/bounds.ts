/** What the child process of the databases may take and touch. It bounds itself before it opens the first one. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BytePath, toBytePath } from '@gofr-backup/model';
import { confine, dieWithParent } from '@gofr-backup/posix';

export interface Bounds {
  /** where the databases and what lies beside them are read */
  read: readonly BytePath[];
  /** where copies are made and opened */
  write: readonly BytePath[];
  /** of CPU time */
  seconds: number;
  /** of a file that it writes */
  bytes: number;
}

/** KiB of memory beyond what Node has at its start. SQLite takes a bit for each page of a database, and a few MB. */
const MEMORY = 256 * 1024;
/** Node loads itself and its libraries from here, besides its own files. */
const SYSTEM: BytePath[] = ['/usr', '/lib', '/lib64', '/bin', '/etc', '/proc', '/dev', '/sys', '/nix/store'];
/** All modules: the bundle's directory; the whole checkout when it runs from its sources. */
const MODULES = new URL(import.meta.url.endsWith('.ts') ? '../../../../../' : './', import.meta.url);
/** `-f` counts 512 bytes. A limit that is lower already stays. When memory ends, the kernel ends this process first. */
const LIMITED = `
  ulimit -c 0; ulimit -d $1; ulimit -t $2; ulimit -f $3
  echo 1000 >/proc/self/oom_score_adj
  shift 3; exec "$@"`;

/**
 * The same program again in this process, with the rights and limits that are left. Landlock needs koffi and a kernel that
 * has it; without it the limits hold alone, and that of CPU time ends a process whose parent was killed. Does not return.
 */
export function replaceBounded({ read, write, seconds, bytes }: Bounds): never {
  const own = [toBytePath(process.execPath), toBytePath(dirname(process.execPath))];
  dieWithParent();
  confine({ read: [...SYSTEM, ...own, toBytePath(fileURLToPath(MODULES)), ...read], write: [...write] });
  const limits = [dataSize() + MEMORY, seconds, Math.ceil(bytes / 512)].map(String);
  const again = [process.execPath, ...process.execArgv, process.argv[1]!];
  return process.execve!('/bin/sh', ['sh', '-c', LIMITED, 'sh', ...limits, ...again]) as never;
}

/** proc(5), in KiB: what RLIMIT_DATA counts. The code range of V8 is the most of it, and differs by processor. */
function dataSize(): number {
  return Number(/^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 1048576);
}

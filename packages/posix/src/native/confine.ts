/** Takes rights away from this process for good (landlock(7), prctl(2)). */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { type BytePath, fsPath, isErrno } from '@gofr-backup/model';
import { type Library, nativeLibrary } from './library.ts';
import { O_PATH } from './open-beneath.ts';

export interface Confinement {
  /** what may be read: these files, and all below these directories; what is not there is left out */
  read: readonly BytePath[];
  /** the directories below which files may be read, made, changed and removed */
  write: readonly BytePath[];
}

const SYS_LANDLOCK_CREATE_RULESET = 444;
const SYS_LANDLOCK_ADD_RULE = 445;
const SYS_LANDLOCK_RESTRICT_SELF = 446;
const GET_VERSION = 1;
const PATH_BENEATH = 1;
const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
/** linux/landlock.h: rights on files, by the version that brought them. EXECUTE and IOCTL_DEV are left alone. */
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const WRITE_FILE = 1n << 1n;
/** REMOVE_DIR, REMOVE_FILE, and MAKE_CHAR to MAKE_SYM */
const MAKE_AND_REMOVE = 0x1ff0n;
const REFER = 1n << 13n;
const TRUNCATE = 1n << 14n;
/** Beyond files: TCP (bind, connect) from version 4, abstract sockets and signals from 6. */
const TCP = 3n;
const SCOPES = 3n;

/**
 * Holds for the calling thread and all that it starts from now on, so a process confines itself and then replaces itself
 * by execve(2). False where the kernel has no Landlock, or koffi is missing:
 * then nothing was taken away.
 */
export function confine({ read, write }: Confinement): boolean {
  const library = nativeLibrary();
  const version = landlockVersion(library);
  if (library === undefined || version === 0) return false;
  const readable = READ_FILE | READ_DIR;
  const changeable =
    WRITE_FILE | MAKE_AND_REMOVE | (version >= 2 ? REFER : 0n) | (version >= 3 ? TRUNCATE : 0n);
  const ruleset = createRuleset(library, version, readable | changeable);
  try {
    for (const path of read) allow(library, ruleset, path, readable);
    for (const path of write) allow(library, ruleset, path, readable | changeable);
    library.call('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    library.call('syscall', SYS_LANDLOCK_RESTRICT_SELF, ruleset, null, null, 0);
    return true;
  } finally {
    closeSync(ruleset);
  }
}

/** This process is killed when the thread that started it ends, however that ends. Nothing where koffi is missing. */
export function dieWithParent(): void {
  nativeLibrary()?.call('prctl', PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/** 0: the kernel has none, it is switched off, or a container's filter refuses the call; or koffi is missing. */
export function landlockVersion(library = nativeLibrary()): number {
  try {
    return library?.call('syscallByPointer', SYS_LANDLOCK_CREATE_RULESET, null, 0, GET_VERSION) ?? 0;
  } catch {
    return 0;
  }
}

function createRuleset(library: Library, version: number, files: bigint): number {
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(files, 0);
  attributes.writeBigUInt64LE(TCP, 8);
  attributes.writeBigUInt64LE(SCOPES, 16);
  const known = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  return library.call('syscallByPointer', SYS_LANDLOCK_CREATE_RULESET, attributes, known, 0);
}

/** `struct landlock_path_beneath_attr`, packed. A file takes no rights of directories. */
function allow(library: Library, ruleset: number, path: BytePath, rights: bigint): void {
  let fd: number;
  try {
    fd = openSync(fsPath(path), O_PATH);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return;
    throw error;
  }
  try {
    const rule = Buffer.alloc(12);
    rule.writeBigUInt64LE(fstatSync(fd).isDirectory() ? rights : rights & READ_FILE, 0);
    rule.writeInt32LE(fd, 8);
    library.call('syscallOfRule', SYS_LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, rule, 0);
  } finally {
    closeSync(fd);
  }
}

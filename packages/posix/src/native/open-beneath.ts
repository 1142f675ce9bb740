/**
 * Opens a file below an open directory. No link is followed at any step, and the way never leads out of the directory,
 * whatever is exchanged on it meanwhile: by openat2(2) (Linux 5.6), elsewhere one name after the other.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { type BytePath, displayPath, fsPath, isErrno } from '@gofr-backup/model';
import { type Library, whereUsable } from './library.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
/** The directory is only gone through, which takes no right to list it. Node has no constant for it. */
export const O_PATH = 0o10000000;
const O_CLOEXEC = 0x80000;
const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
/** `struct open_how`: flags, mode, resolve. */
const HOW_BYTES = 24;
/** The kernel takes 4,096 bytes with the NUL at the end. */
const PATH_MAX = 4096;

const how = Buffer.alloc(HOW_BYTES);
how.writeBigUInt64LE(BigInt(RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH), 16);
const pathBuffer = Buffer.alloc(PATH_MAX);

/**
 * `path` is relative, without `.` and `..`. Throws as openSync; ELOOP or ENOTDIR where a link is on the way, EXDEV
 * where a directory on it is moved elsewhere meanwhile. A path may be longer than the kernel takes at once.
 */
export function openBeneath(directory: number, path: BytePath, flags: number, mode = 0): number {
  if (path.length >= PATH_MAX) return openInPieces(directory, path, flags, mode);
  const library = openat2();
  return library === undefined
    ? openByNames(directory, path, flags, mode)
    : callOpenat2(library, directory, path, flags, mode);
}

function callOpenat2(
  library: Library,
  directory: number,
  path: BytePath,
  flags: number,
  mode: number,
): number {
  how.writeUInt32LE(flags | O_NOFOLLOW | O_CLOEXEC, 0);
  how.writeUInt32LE(mode, 8);
  pathBuffer[pathBuffer.write(path, 'latin1')] = 0;
  try {
    return library.call('syscall', SYS_OPENAT2, directory, pathBuffer, how, HOW_BYTES);
  } catch (error) {
    (error as Error).message = (error as Error).message.replace(/syscall$/, `open '${displayPath(path)}'`);
    throw error;
  }
}

const openat2 = whereUsable((library) => {
  const root = openSync('/', O_PATH | O_DIRECTORY);
  try {
    closeSync(callOpenat2(library, root, '.', O_PATH | O_DIRECTORY, 0));
  } finally {
    closeSync(root);
  }
});

/** The same where the kernel resolves one name at a time: a link on the way is ENOTDIR. */
function openByNames(directory: number, path: BytePath, flags: number, mode: number): number {
  const slash = path.indexOf('/');
  if (slash === -1) return openName(directory, path, flags, mode);
  const inner = openName(directory, path.slice(0, slash), O_PATH | O_DIRECTORY, 0);
  try {
    return openByNames(inner, path.slice(slash + 1), flags, mode);
  } finally {
    closeSync(inner);
  }
}

function openName(directory: number, name: BytePath, flags: number, mode: number): number {
  if (name === '..' || name === '') throw Object.assign(new Error(`EXDEV: ${name}`), { code: 'EXDEV' });
  return openSync(fsPath(`/proc/self/fd/${directory}/${name}`), flags | O_NOFOLLOW, mode);
}

function openInPieces(directory: number, path: BytePath, flags: number, mode: number): number {
  const slash = path.lastIndexOf('/', PATH_MAX - 1);
  if (slash <= 0) throw Object.assign(new Error('ENAMETOOLONG: open'), { code: 'ENAMETOOLONG' });
  const inner = openBeneath(directory, path.slice(0, slash), O_PATH | O_DIRECTORY);
  try {
    return openBeneath(inner, path.slice(slash + 1), flags, mode);
  } finally {
    closeSync(inner);
  }
}

/** For messages: whether a refusal means that a link, or something else that is no directory, lies on the way. */
export const isLinkOnTheWay = (error: unknown): boolean => isErrno(error, 'ELOOP', 'ENOTDIR', 'EXDEV');

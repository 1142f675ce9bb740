/** Extended attributes (xattr(7)), POSIX ACLs and file capabilities among them. Names are byte strings. */
import { joinPath } from '@gofr-backup/model';
import { isErrno } from '@gofr-backup/model';
import { cString, type Library, nativeLibrary } from './library.ts';

/** An open file, or a name in an open directory, which may be a symlink and is not followed. */
export type XattrPlace = number | { directory: number; name: string };

/** The kernel's limits for the list of names and for a value: xattr(7). */
const MOST_BYTES = 65_536;
const buffer = Buffer.alloc(MOST_BYTES);

/** Undefined when there are none, the file system has none, or there is no call for them (see `lacking`). */
export function readXattrs(place: XattrPlace): Map<string, Buffer> | undefined {
  const library = nativeLibrary();
  const names = library && listXattrs(library, place);
  if (!names || names.length === 0) return undefined;
  const found = new Map<string, Buffer>();
  for (const name of names) {
    const value = readXattr(library!, place, name);
    if (value !== undefined) found.set(name, value);
  }
  return found.size === 0 ? undefined : found;
}

function listXattrs(library: Library, place: XattrPlace): string[] {
  try {
    const length =
      typeof place === 'number'
        ? library.call('flistxattr', place, buffer, MOST_BYTES)
        : library.call('llistxattr', pathOf(place), buffer, MOST_BYTES);
    return buffer.toString('latin1', 0, length).split('\0').slice(0, -1);
  } catch (error) {
    if (isErrno(error, 'ENOTSUP', 'ENOSYS')) return [];
    throw error;
  }
}

/** Undefined when it is gone meanwhile. Throws EPERM and the like. */
function readXattr(library: Library, place: XattrPlace, name: string): Buffer | undefined {
  try {
    const length =
      typeof place === 'number'
        ? library.call('fgetxattr', place, cString(name), buffer, MOST_BYTES)
        : library.call('lgetxattr', pathOf(place), cString(name), buffer, MOST_BYTES);
    return Buffer.from(buffer.subarray(0, length));
  } catch (error) {
    if (isErrno(error, 'ENODATA')) return undefined;
    throw error;
  }
}

/** Throws ENOTSUP where the file system has none, or there is no call for them. */
export function writeXattr(place: XattrPlace, name: string, value: Uint8Array): void {
  const library = nativeLibrary();
  if (library === undefined) throw notSupported('setxattr');
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof place === 'number') library.call('fsetxattr', place, cString(name), bytes, bytes.length, 0);
  else library.call('lsetxattr', pathOf(place), cString(name), bytes, bytes.length, 0);
}

export function removeXattr(place: XattrPlace, name: string): void {
  const library = nativeLibrary();
  if (library === undefined) throw notSupported('removexattr');
  if (typeof place === 'number') library.call('fremovexattr', place, cString(name));
  else library.call('lremovexattr', pathOf(place), cString(name));
}

const pathOf = ({ directory, name }: Exclude<XattrPlace, number>): Buffer =>
  cString(joinPath(`/proc/self/fd/${directory}`, name));

function notSupported(syscall: string): Error {
  return Object.assign(new Error(`ENOTSUP: ${syscall}`), { code: 'ENOTSUP', syscall });
}

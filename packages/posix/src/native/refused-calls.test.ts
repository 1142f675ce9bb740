/** A container's filter (seccomp(2)) refuses calls that are newer than itself; here by a filter of our own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';

const [EPERM, ENOSYS] = [1, 38];
const NUMBERS = process.arch === 'arm64' ? { statx: 291, openat2: 437 } : { statx: 332, openat2: 437 };

/** Installs the filter, then becomes the program. */
const FILTERED = `
import ctypes, os, struct, sys
errno, numbers, command = int(sys.argv[1]), sys.argv[2].split(','), sys.argv[3:]
RETURN, ALLOW, FAIL = 0x06, 0x7fff0000, 0x00050000
rules = [struct.pack('HBBI', 0x20, 0, 0, 0)]
for number in numbers:
    rules += [struct.pack('HBBI', 0x15, 0, 1, int(number)), struct.pack('HBBI', RETURN, 0, 0, FAIL | errno)]
rules += [struct.pack('HBBI', RETURN, 0, 0, ALLOW)]
program = ctypes.create_string_buffer(b''.join(rules))
libc = ctypes.CDLL(None, use_errno=True)
filter = struct.pack('HxxxxxxP', len(rules), ctypes.addressof(program))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter, 0, 0) == 0
os.execv(command[0], command)
`;

const READ = `
const [module, directory] = process.argv.slice(1);
const { DirectoryHandle, openBeneath, readXattrs, writeXattr } = await import(module);
const fs = await import('node:fs');
using handle = DirectoryHandle.open(directory);
const fd = openBeneath(handle.fd, 'a/file', fs.constants.O_RDWR);
writeXattr(fd, 'user.x', Buffer.from('y'));
const refused = ['link/file', 'a/l'].map((path) => {
  try {
    return openBeneath(handle.fd, path, fs.constants.O_RDONLY);
  } catch (error) {
    return error.code;
  }
});
const { ino, mtimeNs } = handle.lstat('a');
console.log(JSON.stringify({
  text: fs.readFileSync(fd, 'utf8'), refused, ino: String(ino), mtimeNs: String(mtimeNs),
  xattrs: [...readXattrs(fd).keys()],
}));
`;

test.skipIf(isMissing('python3')).each([
  ['EPERM', EPERM],
  ['ENOSYS', ENOSYS],
])('openat2 and statx are refused with %s: files are opened name by name', async (_, errno) => {
  await using place = await temporaryDirectory();
  const at = (name: string): string => join(place.path, name);
  mkdirSync(at('a'));
  writeFileSync(at('a/file'), 'text');
  symlinkSync('a', at('link'));
  symlinkSync('file', at('a/l'));
  const { ino, mtimeNs } = statSync(at('a'), { bigint: true });
  const program = [process.execPath, '-e', READ, join(import.meta.dirname, '../index.ts'), place.path];
  const args = ['-c', FILTERED, String(errno), Object.values(NUMBERS).join(), ...program];
  expect(JSON.parse(execFileSync('python3', args, { encoding: 'utf8' }))).toEqual({
    text: 'text',
    refused: ['ENOTDIR', 'ELOOP'],
    ino: String(ino),
    mtimeNs: String(mtimeNs),
    xattrs: ['user.x'],
  });
});

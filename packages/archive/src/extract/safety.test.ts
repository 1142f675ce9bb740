import { expect, test } from 'vitest';
import { type ArchiveEntry, toBytePath } from '@gofr-backup/model';
import { SafetyCheck } from './safety.ts';

const entry = (path: string, type: ArchiveEntry['type'], linkTarget?: string): ArchiveEntry => ({
  ...{ path: toBytePath(path), type, size: 0, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n },
  ...(linkTarget !== undefined && { linkTarget: toBytePath(linkTarget) }),
});
const ENTRIES = [
  entry('data', 'directory'),
  entry('data/file', 'file'),
  entry('data/file', 'file'),
  entry('data/hard', 'hardlink', 'data/file'),
  entry('data/soft', 'symlink', 'file'),
  entry('data/to-soft', 'hardlink', 'data/soft'),
];

test('a later pass answers what the first did', () => {
  const check = new SafetyCheck();
  const first = ENTRIES.map((one) => check.admit(one));
  expect(ENTRIES.map((one, n) => check.again(one, n))).toEqual(first);
  expect(first.at(-1)).toMatchObject({ type: 'symlink', linkTarget: 'file' });
});

test.each([
  ['a name that was not there', entry('data/new', 'file')],
  ['a name that leads outside', entry('../etc/passwd', 'file')],
  ['a file that was a directory', entry('data', 'file')],
  ['a directory that was a link', entry('data/soft', 'directory')],
  ['a link to elsewhere', entry('data/soft', 'symlink', '/etc')],
  ['a hard link to something else', entry('data/hard', 'hardlink', 'data')],
])('an index that was exchanged after the check is refused: %s', (_what, other) => {
  const check = new SafetyCheck();
  for (const one of ENTRIES) check.admit(one);
  expect(() => check.again(other, ENTRIES.length)).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_HOSTILE' }),
  );
});

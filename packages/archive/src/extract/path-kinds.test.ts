import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ArchiveEntry, BackupError, type EntryType } from '@gofr-backup/model';
import type { Kind } from './kinds.ts';
import { PathKinds } from './path-kinds.ts';
import { SafetyCheck } from './safety.ts';

const KINDS: Kind[] = ['implied directory', 'directory', 'file', 'symlink', 'hardlink'];
/** Few and alike, so that they meet again: prefixes of each other, bytes on both sides of the slash, above ASCII. */
const name = fc.constantFrom('a', 'a.b', 'a-', 'aa', 'b', 'B', '\xff', '\xe9', 'z'.repeat(255));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

test('answers as a Map does, whatever the order', () => {
  const step = fc.record({ path, kind: fc.constantFrom(...KINDS), asked: path });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, sorted) => {
      const known = new PathKinds();
      const map = new Map<string, Kind>();
      if (sorted) steps.sort((a, b) => (a.path < b.path ? -1 : 1));
      for (const { path, kind, asked } of steps) {
        expect(known.get(path)).toBe(map.get(path));
        known.set(path, kind);
        map.set(path, kind);
        expect(known.get(asked)).toBe(map.get(asked));
      }
      for (const [path, kind] of map) expect(known.get(path)).toBe(kind);
    }),
  );
});

test('names of many chunks of memory are all found again', () => {
  const known = new PathKinds();
  const pathOf = (n: number): string => `d${n % 7}/${'long'.repeat(40)}${String(n).padStart(8, '0')}`;
  for (let n = 0; n < 20_000; n++) known.set(pathOf(n), n % 3 === 0 ? 'file' : 'symlink');
  for (let n = 0; n < 20_000; n++) expect(known.get(pathOf(n))).toBe(n % 3 === 0 ? 'file' : 'symlink');
  expect(known.get(pathOf(20_000))).toBeUndefined();
});

const MANY = 3000;

function entry(path: string, type: EntryType, linkTarget?: string): ArchiveEntry {
  const metadata = { size: 0, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
  return { path, type, ...metadata, ...(linkTarget !== undefined && { linkTarget }) };
}

/** After many entries in order, as an archive of ours has them. */
function refusal(...last: ArchiveEntry[]): string {
  const check = new SafetyCheck();
  check.admit(entry('first', 'file'));
  check.admit(entry('link', 'symlink', 'tree'));
  for (let n = 0; n < MANY; n++) check.admit(entry(`tree/${Math.floor(n / 100)}/${1000 + n}`, 'file'));
  for (let n = 0; n < MANY; n++) check.admit(entry(`wood/${1000 + n}`, 'file'));
  try {
    for (const entry of last) check.admit(entry);
  } catch (error) {
    expect(error).toBeInstanceOf(BackupError);
    return (error as BackupError).message;
  }
  return '';
}

test.each<[what: string, reason: RegExp, ...last: ArchiveEntry[]]>([
  ['a file that becomes a directory', /it is a directory but was a file/, entry('tree/3/1310', 'directory')],
  ['a file of the first directory that becomes a directory', /but was a file/, entry('first', 'directory')],
  ['a directory that was implied and becomes a file', /was an implied directory/, entry('tree/7', 'file')],
  ['a file as parent', /its parent "tree\/3\/1310" is a file/, entry('tree/3/1310/below', 'file')],
  ['a file as parent of a parent', /its parent "first" is a file/, entry('first/a/b', 'file')],
  ['a symlink as parent', /its parent "link" is a symlink/, entry('link/below', 'file')],
  ['a hard link to nothing', /is not in the archive/, entry('x', 'hardlink', 'tree/3/1299')],
  ['a hard link below nothing', /is not in the archive/, entry('x', 'hardlink', 'none/1299')],
  ['a hard link to a directory', /its link target is an implied directory/, entry('x', 'hardlink', 'tree/3')],
  [
    'a hard link to a file that comes later',
    /is not in the archive before it/,
    entry('tree/3/x', 'hardlink', 'tree/3/y'),
    entry('tree/3/y', 'file'),
  ],
])('%s is refused, however long ago the other was', (_, reason, ...last) => {
  expect(refusal(...last)).toMatch(reason);
});

test('what is harmless is admitted, however long ago the other was', () => {
  expect(
    refusal(
      entry('tree/3', 'directory'),
      entry('tree/3', 'directory'),
      entry('a', 'file'),
      entry('tree/3/1310', 'file'),
      entry('tree/4/x', 'hardlink', 'tree/3/1311'),
      entry('tree/3/1309.5', 'file'),
      entry('link', 'symlink', 'tree'),
      entry('x', 'hardlink', 'link'),
    ),
  ).toBe('');
});

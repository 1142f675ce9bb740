/** A tree with nasty names, and the public tools that must restore it. */
import { execFileSync } from 'node:child_process';
import { directory, file, hardlink, sparse, symlink } from '@gofr-backup/testing';
import type { Tree, TreeEntry } from '@gofr-backup/testing';

const LONG = 'n'.repeat(200);
export const NASTY: Tree = {
  'new\nline': 'a',
  'tab\tand "quotes"': 'b',
  ' spaces ': 'c',
  '-rf': 'd',
  'back\\slash\\x41': 'e',
  'ünïcode ☃': 'f',
  'not utf-8 \udcff\udcfe': 'g',
  [LONG]: 'long name',
  [`dir ${LONG}`]: { [LONG]: { deep: 'over 300 bytes', link: symlink('x'.repeat(180)) } },
  ...Object.fromEntries(
    [99, 100, 101].map((length) => [`${'w'.repeat(length - 8)}`, `name of ${length} bytes`]),
  ),
  empty: '',
  'empty directory': {},
  setgid: directory({ 'sticky file': 'h' }, { mode: 0o2775 }),
  private: file('secret', { mode: 0o600 }),
  'read only': file('r', { mode: 0o444 }),
  dangling: symlink('nowhere/at all'),
  'link to itself': symlink('link to itself'),
  one: 'several names',
  two: hardlink('one'),
  [`three ${LONG}`]: hardlink('one'),
  'in 1969': file('old', { mode: 0o644, mtime: -1.5 }),
  'at zero': file('zero', { mtime: 0 }),
  'in 2300': file('new', { mtime: 10_413_792_000 }),
  'half a second': file('half', { mtime: 1_700_000_000.5 }),
  // larger ones only tars that know them bring back, which busybox's does not: see holes.test.ts
  holes: sparse(900_000, [[500_000, 'island']]),
  'three slices': file(Buffer.alloc(5_000_001, 'slices of a big file\n')),
  random: file(Buffer.from(Array.from({ length: 9000 }, (_, n) => (n * n * 2654435761) >>> 11))),
};

export interface Tool {
  name: string;
  extract: (stream: Buffer, into: string) => void;
  /** restores times to the second only, and not those of links and directories */
  coarse: boolean;
}

const run =
  (command: string, ...args: string[]) =>
  (input: Buffer, cwd: string): void =>
    void execFileSync(command, args, {
      input,
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' },
    });
const PYTHON = `
import sys, tarfile
with tarfile.open(fileobj=sys.stdin.buffer, mode='r|') as archive:
    archive.extractall('.', **({'filter': 'fully_trusted'} if hasattr(tarfile, 'fully_trusted_filter') else {}))`;
export const TOOLS: Tool[] = [
  { name: 'tar', extract: run('tar', '-xpf', '-'), coarse: false },
  { name: 'bsdtar', extract: run('bsdtar', '-xpf', '-'), coarse: false },
  { name: 'busybox', extract: run('busybox', 'tar', '-xpf', '-'), coarse: true },
  { name: 'python3', extract: run('python3', '-c', PYTHON), coarse: true },
];

/** What the tool keeps of a tree. */
export function comparable(tree: Record<string, TreeEntry>, { coarse }: Tool): Record<string, TreeEntry> {
  if (!coarse) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([path, { mtimeNs, ...entry }]) => {
      // busybox keeps setgid for root only
      if (entry.type === 'directory') entry.mode = entry.mode! & 0o777;
      if (entry.type !== 'file' || mtimeNs === undefined) return [path, entry];
      const seconds = mtimeNs / 1_000_000_000n - (mtimeNs % 1_000_000_000n < 0n ? 1n : 0n);
      return [path, { ...entry, mtimeNs: seconds }];
    }),
  );
}

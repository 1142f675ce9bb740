import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hostileTar, readTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { opened, testPorts } from '../read/reading.fixture.ts';
import { archiveEntryOf, SafetyCheck } from '../extract/safety.ts';

const COLLISIONS: [string, string, string][] = [
  ['case', 'Readme', 'README'],
  ['case of a directory', 'Dir/one', 'dir/two'],
  ['case of a link and what is below it', 'Link', 'link/below'],
  ['Unicode form', 'caf\u00e9', 'cafe\u0301'],
  ['a sharp s', 'stra\u00dfe', 'STRASSE'],
];

function memberOf(name: string) {
  const bytes = Buffer.from(name).toString('latin1');
  return {
    name: bytes,
    type: 'file',
    linkName: '',
    size: 0,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    start: 0,
    headerEnd: 512,
  } as const;
}

test.each(COLLISIONS)(
  'two names that differ in %s are refused where the file system takes them for one',
  (_, first, second) => {
    const fold = (path: string): string =>
      Buffer.from(path, 'latin1').toString().normalize('NFD').toUpperCase().toLowerCase();
    const check = new SafetyCheck({ fold });
    check.admit(archiveEntryOf(memberOf(first))!);
    expect(() => check.admit(archiveEntryOf(memberOf(second))!)).toThrow(
      /this file system takes it for|is a file/,
    );
    const exact = new SafetyCheck();
    exact.admit(archiveEntryOf(memberOf(first))!);
    exact.admit(archiveEntryOf(memberOf(second))!);
  },
);

const run = (program: string, ...args: string[]): void =>
  void execFileSync(program, args, { stdio: 'ignore' });

/** File systems that fold case, of the kernel and of FUSE: made in `image`, mounted, an empty directory answered. */
const FOLDING = [
  (image: string, mount: string): string => {
    run('mkfs.ext4', '-qF', '-O', 'casefold', image);
    run('mount', '-o', 'loop', image, mount);
    const path = join(mount, 'folding');
    mkdirSync(path);
    run('chattr', '+F', path);
    return path;
  },
  (image: string, mount: string): string => {
    run('mkfs.ntfs', '-qQF', image);
    run('lowntfs-3g', '-o', 'ignore_case', image, mount);
    return mount;
  },
];

/** A directory that folds case, or undefined where this machine mounts none: it takes root, and casefold or FUSE. */
function foldingDirectory(scratch: string): { path: string; [Symbol.dispose](): void } | undefined {
  for (const [n, provide] of FOLDING.entries()) {
    const [image, mount] = [join(scratch, `image-${n}`), join(scratch, `mount-${n}`)];
    writeFileSync(image, '');
    truncateSync(image, 16 << 20);
    mkdirSync(mount);
    const unmount = (): void => run('umount', mount);
    try {
      return { path: provide(image, mount), [Symbol.dispose]: unmount };
    } catch {
      if (statSync(mount).dev !== statSync(scratch).dev) unmount();
    }
  }
  return undefined;
}

test('a real file system that folds case is recognised', async (context) => {
  await using scratch = await temporaryDirectory();
  using folding = foldingDirectory(scratch.path);
  if (!folding) return context.skip('no file system that folds case can be mounted here');
  const archivePath = join(scratch.path, 'archive');
  writeFileSync(
    archivePath,
    hostileTar([
      { name: 'Link', type: '2', link: '.' },
      { name: 'link/below', content: 'x' },
    ]),
  );
  await using reader = await opened({ archivePath });
  await expect(reader.extract({ ...testPorts(), directory: folding.path })).rejects.toMatchObject({
    code: 'ARCHIVE_HOSTILE',
    message: expect.stringContaining('takes it for "Link"'),
  });
  expect(await readdir(folding.path)).toEqual([]);
});

test('where bytes count, names that differ in case only are two files', async () => {
  await using scratch = await temporaryDirectory();
  const archivePath = join(scratch.path, 'archive');
  writeFileSync(
    archivePath,
    hostileTar([
      { name: 'Readme', content: '1' },
      { name: 'README', content: '2' },
    ]),
  );
  mkdirSync(join(scratch.path, 'out'));
  await using reader = await opened({ archivePath });
  await reader.extract({ ...testPorts(), directory: join(scratch.path, 'out') });
  expect(Object.keys(await readTree(join(scratch.path, 'out')))).toEqual(['README', 'Readme']);
});

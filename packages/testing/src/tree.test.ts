import { chmod, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  directory,
  file,
  fifo,
  hardlink,
  makeTree,
  readTree,
  sparse,
  symlink,
  temporaryDirectory,
} from './index.ts';

test('a literal comes back as it was written, with modes, times, links and odd names', async () => {
  await using dir = await temporaryDirectory();
  await makeTree(dir.path, {
    'a.txt': file('hello', { mode: 0o600, mtime: 1_700_000_000.25 }),
    again: hardlink('a.txt'),
    bin: new Uint8Array([0, 255, 128]),
    'new\nline': 'x',
    'bad-\udcff\udc80-name': '',
    dir: directory({ inner: 'y' }, { mode: 0o2750, mtime: 1_600_000_000 }),
    dangling: symlink('nowhere/é', { mtime: 5 }),
    hole: sparse(1_000_000, [[500_000, 'mid']]),
    pipe: fifo(),
  });
  const tree = await readTree(dir.path, { without: ['uid', 'gid'] });
  expect(Object.keys(tree).toSorted()).toEqual(
    [
      'a.txt',
      'again',
      'bad-\udcff\udc80-name',
      'bin',
      'dangling',
      'dir',
      'dir/inner',
      'hole',
      'new\nline',
      'pipe',
    ].toSorted(),
  );
  expect(tree['a.txt']).toEqual({
    type: 'file',
    mode: 0o600,
    mtimeNs: 1_700_000_000_250_000_000n,
    size: 5,
    content: 'hello',
  });
  expect(tree['again']?.hardlinkTo).toBe('a.txt');
  expect(tree['dir']).toMatchObject({ mode: 0o2750, mtimeNs: 1_600_000_000_000_000_000n });
  expect(tree['dangling']).toMatchObject({ type: 'symlink', target: 'nowhere/é', mtimeNs: 5_000_000_000n });
  expect(tree['bin']?.content).toMatch(/^sha256:/);
  expect(tree['pipe']?.type).toBe('other');
  expect((await stat(`${dir.path}/hole`)).blocks * 512).toBeLessThan(100_000);
});

test('a difference is seen', async () => {
  await using dir = await temporaryDirectory();
  await makeTree(dir.path, { a: 'x' });
  const before = await readTree(dir.path);
  await chmod(`${dir.path}/a`, 0o400);
  expect(await readTree(dir.path)).not.toEqual(before);
});

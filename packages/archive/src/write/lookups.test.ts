/** How often the index of the archive before is looked into: each look beyond the last decodes a page of it. */
import { appendFileSync, chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test, vi } from 'vitest';
import { ArchiveIndex } from '../index/file.ts';
import { archive, HOURS_LATER, inside, previousOf } from './create.fixture.ts';

const FILES = 60;
const BIG = 2_500_000;

function grow(root: string, folder: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (let n = 0; n < FILES; n++)
    writeFileSync(join(root, folder, `file-${n}`), `${folder} ${n} `.repeat(3000));
}

const IN_ORDER: Record<string, (root: string) => void> = {
  'the top directory renamed': (root) => renameSync(join(root, 'top'), join(root, 'renamed')),
  'the top directory renamed, and all files of another mode': (root) => {
    for (let n = 0; n < FILES; n++) chmodSync(join(root, 'top/a', `file-${n}`), 0o600);
    renameSync(join(root, 'top'), join(root, 'renamed'));
  },
  'a big file has grown': (root) => appendFileSync(join(root, 'top/b/file-7'), 'more'),
};

test.each(Object.entries(IN_ORDER))('%s: frames are looked at in their order', async (_, change) => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  grow(dir('source'), 'top/a');
  grow(dir('source'), 'top/b');
  writeFileSync(dir('source/top/b/file-7'), Buffer.alloc(BIG, 'line\n'));
  const looks = await looksAfter(dir, change);
  expect(new Set(looks).size).toBeGreaterThan(8);
  expect(looks).toEqual(looks.toSorted((one, other) => one - other));
});

test('many new files: all frames are looked at once, and not again for each new one', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  grow(dir('source'), 'top/b');
  const looks = await looksAfter(dir, (root) =>
    ['top/a1', 'top/a2', 'top/a3'].forEach((to) => grow(root, to)),
  );
  const frames = new Set(looks).size;
  expect(frames).toBeGreaterThan(4);
  expect(looks.length).toBeLessThan(4 * frames);
});

/** The numbers of the frames that a second run decodes, one after the other. */
async function looksAfter(
  dir: (name: string) => string,
  change: (root: string) => void,
): Promise<readonly number[]> {
  await archive(dir('source'), dir('1'), { clock: HOURS_LATER });
  change(dir('source'));
  const looks = vi.spyOn(ArchiveIndex.prototype, 'entriesOf');
  try {
    await archive(dir('source'), dir('2'), { clock: HOURS_LATER, previous: previousOf(dir('1')) });
    const numbers = looks.mock.calls.map(([number]) => number);
    return numbers.filter((number, n) => number !== numbers[n - 1]);
  } finally {
    looks.mockRestore();
  }
}

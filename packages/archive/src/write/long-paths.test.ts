/** Files whose path is as long as the kernel takes, or longer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { toBytePath } from '@gofr-backup/model';
import { DirectoryHandle, removeTree } from '@gofr-backup/posix';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, HOURS_LATER, inside, previousOf } from './create.fixture.ts';

const NAME = 200;

/** The names of directories and of a file, so that its path has `length` bytes when it begins at `root`. */
function namesFor(root: string, length: number): string[] {
  const names: string[] = [];
  let left = length - root.length;
  for (; left > 2 * NAME; left -= NAME + 1) names.push('d'.repeat(NAME));
  return [...names, 'd'.repeat(Math.floor(left / 2) - 1), 'f'.repeat(Math.ceil(left / 2) - 1)];
}

/** Makes the directories one in the other; the last is handed to `fill`. */
function within(root: string, names: string[], fill: (directory: DirectoryHandle) => void): void {
  let directory = DirectoryHandle.open(toBytePath(root));
  for (const name of names) {
    mkdirSync(directory.at(name));
    const next = directory.openDirectory(name);
    directory.close();
    directory = next;
  }
  fill(directory);
  directory.close();
}

test.each([4060, 4095, 4096, 6000, 40_000])(
  'a path of %d bytes is archived, and taken over unread',
  async (length) => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    mkdirSync(at('data'));
    const names = namesFor(at('data'), length);
    const file = names.pop()!;
    expect([at('data'), ...names, file].join('/')).toHaveLength(length);
    within(at('data'), names, (directory) => {
      writeFileSync(directory.at(file), 'deep');
      symlinkSync('nowhere', directory.at('link'));
    });
    const first = await archive(at('data'), at('first'), { clock: HOURS_LATER });
    expect(first).toMatchObject({ warnings: [], unreadable: [], files: 2 });
    const below = ['storage', ...names];
    const content = ['-xOf', at('first'), '--', [...below, file].join('/')];
    expect(execFileSync('tar', content, { encoding: 'utf8' })).toBe('deep');
    expect(execFileSync('tar', ['-tvf', at('first')], { encoding: 'utf8', maxBuffer: 1 << 28 })).toContain(
      'link -> nowhere',
    );
    const second = await archive(at('data'), at('second'), {
      clock: HOURS_LATER,
      previous: previousOf(at('first')),
    });
    expect(second).toMatchObject({ warnings: [], files: 2 });
    expect(second.reusedBytes).toBeGreaterThan(0);
    await removeTree(toBytePath(at('data')));
  },
);

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { toBytePath } from '@gofr-backup/model';
import { removeTree } from './remove-tree.ts';

test.runIf(process.getuid?.() === 0)(
  'what is mounted from the same file system is not emptied, whatever link leads there',
  async () => {
    await using place = await temporaryDirectory();
    const at = (path: string): string => join(place.path, path);
    for (const path of ['precious', 'real/tree/a/mnt', 'real/tree/b'])
      mkdirSync(at(path), { recursive: true });
    for (const path of ['precious/f', 'real/tree/b/f']) writeFileSync(at(path), 'x');
    symlinkSync(at('real'), at('link'));
    execFileSync('mount', ['--bind', at('precious'), at('real/tree/a/mnt')]);
    try {
      await expect(removeTree(toBytePath(at('link/tree')))).rejects.toMatchObject({ code: 'EXDEV' });
      expect(existsSync(at('precious/f'))).toBe(true);
      expect(existsSync(at('real/tree/b'))).toBe(false);
    } finally {
      execFileSync('umount', [at('real/tree/a/mnt')]);
    }
    await removeTree(toBytePath(at('link/tree')));
    expect(existsSync(at('real/tree'))).toBe(false);
  },
);

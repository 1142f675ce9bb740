import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  FAST,
  type Pair,
  racingProcess,
  raceRounds,
  recordRace,
  temporaryDirectory,
} from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { DirectoryHandle } from './directory-handle.ts';
import { withoutNative } from './native/library.ts';
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

test('a tree deeper than a path may be long, and than a process may have files open', async () => {
  await using place = await temporaryDirectory();
  let within = DirectoryHandle.open(toBytePath(place.path));
  for (let n = 0; n < 3000; n++) {
    mkdirSync(within.at('level'));
    const next = within.openDirectory('level');
    within.close();
    within = next;
  }
  writeFileSync(within.at('file'), 'x');
  within.close();
  await removeTree(toBytePath(join(place.path, 'level')));
  expect(readdirSync(place.path)).toEqual([]);
});

test('what may not be listed or changed is removed by its owner all the same', async () => {
  await using place = await temporaryDirectory();
  const script = `mkdir -p tree/closed/in; echo x >tree/closed/in/f; chmod 0 tree/closed/in tree/closed tree`;
  execFileSync('sh', ['-c', script], { cwd: place.path });
  if (process.getuid!() === 0) execFileSync('chown', ['-R', '65534:65534', place.path]);
  const module = join(import.meta.dirname, 'remove-tree.ts');
  const code = `import(${JSON.stringify(module)}).then((m) => m.removeTree(${JSON.stringify(join(place.path, 'tree'))}))`;
  const command = [process.execPath, '-e', code];
  const drop = process.getuid!() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const [program, ...args] = [...drop, ...command] as [string, ...string[]];
  execFileSync(program, args);
  expect(readdirSync(place.path)).toEqual([]);
});

test('spared directories stay, and all above them', async () => {
  await using place = await temporaryDirectory();
  for (const path of ['tree/a/spared', 'tree/b']) mkdirSync(join(place.path, path), { recursive: true });
  const spared = statSync(join(place.path, 'tree/a/spared'), { bigint: true });
  await expect(removeTree(toBytePath(join(place.path, 'tree')), [spared])).rejects.toMatchObject({
    code: 'EBUSY',
  });
  expect(readdirSync(join(place.path, 'tree'), { recursive: true })).toEqual(['a', 'a/spared']);
});

const rounds = raceRounds(150, 400);

test(`nothing outside is removed in ${rounds} races`, { timeout: 60_000 + rounds * 200 }, async () => {
  await using place = await temporaryDirectory('races-', FAST);
  const at = (path: string): string => join(place.path, path);
  const names = numbers(8);
  const fill = (directory: string): void => {
    mkdirSync(at(directory), { recursive: true });
    for (const file of numbers(10)) writeFileSync(at(`${directory}/${file}`), '');
  };
  const foreign = (): number =>
    names.reduce((sum, name) => sum + readdirSync(at(`foreign/${name}`)).length, 0);
  // The names that are raced are there only while a tree is removed.
  await using _ = await racingProcess(names.map((name): Pair => [at(`now/tree/${name}`), at(`now/${name}`)]));
  const figure = { rounds, met: 0, hits: 0, hitsByPath: 0 };
  for (let round = 0; round < 2 * rounds; round++) {
    const byPath = round % 2 === 1;
    for (const name of names) {
      fill(`foreign/${name}`);
      fill(`next/tree/${name}`);
      symlinkSync(at(`foreign/${name}`), at(`next/${name}`));
    }
    const before = foreign();
    renameSync(at('next'), at('now'));
    const tree = at('now/tree');
    const removal = (): Promise<void> | void => (byPath ? removeByPath(tree) : removeTree(toBytePath(tree)));
    try {
      await (round % 4 < 2 ? removal() : withoutNative(removal));
    } catch {
      if (!byPath) figure.met++;
    }
    if (foreign() < before) figure[byPath ? 'hitsByPath' : 'hits']++;
    renameSync(at('now'), at('done'));
    removeAll(at('done'));
  }
  recordRace('removal', figure);
  expect(figure.hits).toBe(0);
  expect(figure.met).toBeGreaterThan(0);
  expect(figure.hitsByPath).toBeGreaterThan(0);
});

/** One exchange may still be on its way. */
function removeAll(path: string): void {
  try {
    rmSync(path, { recursive: true });
  } catch {
    rmSync(path, { recursive: true });
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

/** As a program does that goes by paths, and follows no link that it sees. */
function removeByPath(path: string): void {
  if (!lstatSync(path).isDirectory()) return unlinkSync(path);
  for (const name of readdirSync(path)) removeByPath(join(path, name));
  rmdirSync(path);
}

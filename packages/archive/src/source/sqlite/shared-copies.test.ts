/** A database with several names comes back as one file, and under each name it says what it said. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archive, HOURS_LATER } from '../../write/create.fixture.ts';

let base: string;
const at = (...names: string[]): string => join(base, ...names);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'shared-copies-'));
  for (const name of ['data', 'scratch']) mkdirSync(at(name));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A row of so many bytes; with a log as a crash leaves it: what is in the file is empty. */
function makeDatabase(path: string, { log = false, bytes = 100 } = {}): void {
  using database = new DatabaseSync(at('made'));
  if (log) database.exec('PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0');
  database.exec(`CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(${bytes}))`);
  for (const suffix of log ? ['', '-wal'] : ['']) copyFileSync(at('made') + suffix, path + suffix);
}

/** Archived, and taken out by tar: of each name the inode, and the tables of what it says. */
async function afterwards(names: string[]): Promise<[inode: number, tables: number][]> {
  const options = { codec: 'none', clock: HOURS_LATER, scratchDir: at('scratch') } as const;
  const { warnings } = await archive(at('data'), at('archive'), options);
  expect(warnings).toEqual([]);
  execFileSync('tar', ['-xf', at('archive'), '-C', base]);
  return names.map((name) => [lstatSync(at('storage', name)).ino, tablesIn(at('storage', name))]);
}

/** By a copy, as SQLite changes what it opens. */
function tablesIn(path: string): number {
  for (const suffix of ['', '-wal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, at(`opened${suffix}`));
  chmodSync(at('opened'), 0o600);
  const database = new DatabaseSync(at('opened'));
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()!;
  database.close();
  for (const suffix of ['', '-wal']) rmSync(at(`opened${suffix}`), { force: true });
  return Number(tables);
}

// The larger one is archived in slices.
test.each([100, 5_000_000])('two names of %i bytes are one file', async (bytes) => {
  makeDatabase(at('data/a'), { bytes });
  linkSync(at('data/a'), at('data/b'));
  const [a, b] = await afterwards(['a', 'b']);
  expect(a).toEqual(b);
  expect(a![1]).toBe(1);
});

test.each(['a', 'c'])('a log stays with the name that it lies beside: %s', async (other) => {
  makeDatabase(at('data/b'), { log: true });
  linkSync(at('data/b'), at('data', other));
  const [one, two] = await afterwards(['b', other]);
  expect(one![0]).toBe(two![0]);
  expect([one![1], two![1]]).toEqual([1, 0]);
});

test('a name whose log is in use is told to be apart', async () => {
  using database = new DatabaseSync(at('data/a'));
  database.exec('PRAGMA journal_mode=WAL; CREATE TABLE t(x)');
  linkSync(at('data/a'), at('data/b'));
  const { warnings } = await archive(at('data'), at('archive'), { scratchDir: at('scratch') });
  expect(warnings).toMatchObject([{ code: 'hard-link-split', path: 'storage/a' }]);
  execFileSync('tar', ['-xf', at('archive'), '-C', base]);
  expect(tablesIn(at('storage/a'))).toBe(1);
});

test.skipIf(process.getuid?.() === 0)(
  'a log gets into the copy of a file that nobody may write',
  async () => {
    makeDatabase(at('data/a'), { log: true });
    chmodSync(at('data/a'), 0o444);
    const [a] = await afterwards(['a']);
    expect([a![1], existsSync(at('storage/a-wal'))]).toEqual([1, false]);
  },
);

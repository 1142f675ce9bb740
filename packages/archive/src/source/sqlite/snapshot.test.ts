import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Component, silentLogger, toBytePath, type Warning } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import { checkIntegrity } from './integrity.ts';
import { pathOnDisk } from '../content.ts';
import type { Source, WalkEntry } from '../source.ts';
import { Walk } from '../tree/walk.ts';
import { listOf } from '../../read/reading.fixture.ts';
import { archive, HOURS_LATER, previousOf } from '../../write/create.fixture.ts';
import { DatabaseSnapshots } from './snapshot.ts';

/** All 100 copies with COPIES=100; a few seconds' worth otherwise. */
const COPIES = Number(process.env['COPIES'] ?? 8);
let base: string;
let data: string;
let scratch: string;
let writer: ChildProcess | undefined;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'databases-'));
  [data, scratch] = [join(base, 'data'), join(base, 'scratch')];
  mkdirSync(data);
  mkdirSync(scratch);
});
afterEach(async () => {
  writer?.kill('SIGKILL');
  writer = undefined;
  rmSync(base, { recursive: true, force: true });
});

const components = (): Component[] => [{ name: 'data', root: data, archivePath: 'data', select: 'all' }];
const snapshotsOf = (from: Source, signal = new AbortController().signal) =>
  new DatabaseSnapshots(from, {
    scratchDir: scratch,
    roots: [toBytePath(data)],
    signal,
    logger: silentLogger,
  });

const entriesOf = async (source: Source): Promise<WalkEntry[]> => (await listOf(source.entries())).flat();

/** All that the source says of `data`. */
async function snapshot(...exclude: string[]) {
  const source = snapshotsOf(new Walk({ components: components(), exclude }));
  const entries = await entriesOf(source);
  const copies = new Map(
    entries.flatMap(({ contentPath, ...entry }) =>
      contentPath === undefined ? [] : [[pathOnDisk(entry), contentPath] as const],
    ),
  );
  return {
    copies,
    names: entries.map(({ path }) => path),
    warnings: source.report.warnings.filter(({ code }) => code.startsWith('database-')),
    dispose: () => source[Symbol.asyncDispose](),
  };
}

/** Every transaction keeps the sum of all balances at 0, and moves rows over many pages. */
const WRITER = `
  const { DatabaseSync } = require('node:sqlite');
  const [path, mode] = process.argv.slice(1);
  const db = new DatabaseSync(path, { timeout: 20000 });
  db.exec('PRAGMA journal_mode=' + mode + '; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=100');
  db.exec('CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, balance INTEGER, ballast BLOB)');
  db.exec('CREATE INDEX IF NOT EXISTS by_balance ON account(balance)');
  const insert = db.prepare('INSERT OR IGNORE INTO account VALUES(?, 0, zeroblob(1500))');
  db.exec('BEGIN'); for (let i = 0; i < 2000; i++) insert.run(i); db.exec('COMMIT');
  const add = db.prepare('UPDATE account SET balance = balance + ?, ballast = randomblob(1000 + abs(random() % 1000)) WHERE id = ?');
  let n = 0;
  for (;;) {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < 10; i++) { const a = Math.floor(Math.random() * 2000); add.run(7, a); add.run(-7, (a * 31 + 11) % 2000); }
    db.exec('COMMIT');
    if (++n === 20) process.stdout.write('writing');
  }`;

async function startWriter(path: string, mode: 'WAL' | 'DELETE'): Promise<void> {
  writer = spawn(process.execPath, ['-e', WRITER, path, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  let ready = false;
  writer.stdout!.once('data', () => (ready = true));
  await waitFor(() => ready, { timeout: 30_000 });
}

function isWhole(path: string): boolean {
  if (checkIntegrity(toBytePath(path)) !== undefined) return false;
  const db = new DatabaseSync(path);
  try {
    const row = db.prepare('SELECT sum(balance) AS sum, count(*) AS n FROM account').get() as {
      sum: number;
      n: number;
    };
    return row.sum === 0 && row.n === 2000;
  } catch {
    return false;
  } finally {
    db.close();
  }
}

/** The -shm is an index into the log that any reader may make anew. */
const written = () =>
  readdirSync(data)
    .filter((name) => !name.endsWith('-shm'))
    .map((name) => [name, statSync(join(data, name)).mtimeMs]);

describe.each(['WAL', 'DELETE'] as const)(
  'a database under a writer that never stops, journal_mode %s',
  (mode) => {
    test(
      'is copied consistently every time, where plain copies of its files are torn',
      { timeout: 600_000 },
      async () => {
        const path = join(data, 'app.db');
        await startWriter(path, mode);
        let whole = 0;
        let plainWhole = 0;
        let slowest = 0;
        for (let n = 0; n < COPIES; n++) {
          const started = performance.now();
          const snapshots = await snapshot();
          slowest = Math.max(slowest, performance.now() - started);
          expect(snapshots.warnings).toEqual([]);
          if (isWhole(snapshots.copies.get(path)!)) whole++;
          expect(snapshots.names).toEqual(['data', 'data/app.db']);
          await snapshots.dispose();
          for (const suffix of ['', '-wal', '-journal']) {
            rmSync(join(base, `plain${suffix}`), { force: true });
            try {
              copyFileSync(path + suffix, join(base, `plain${suffix}`));
            } catch {
              // not there at this moment
            }
          }
          if (isWhole(join(base, 'plain'))) plainWhole++;
        }
        console.info(
          `${mode}: ${whole} of ${COPIES} whole, slowest ${Math.round(slowest)} ms; plain copies: ${plainWhole} of ${COPIES}`,
        );
        expect(whole).toBe(COPIES);
        expect(readdirSync(scratch)).toEqual([]);
      },
    );

    test(
      'and killed in the middle of writing is recovered in the copy, the original untouched',
      { timeout: 60_000 },
      async () => {
        const path = join(data, 'app.db');
        await startWriter(path, mode);
        const gone = new Promise((resolve) => writer!.once('exit', resolve));
        writer!.kill('SIGKILL');
        await gone;
        const before = written();
        const { copies, names, warnings, dispose } = await snapshot();
        expect(warnings).toEqual([]);
        expect(names).toEqual(['data', 'data/app.db']);
        expect(isWhole(copies.get(path)!)).toBe(true);
        expect(written()).toEqual(before);
        await dispose();
      },
    );
  },
);

function makeDatabase(path: string, pragma = ''): void {
  const db = new DatabaseSync(path);
  db.exec(`${pragma}; CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)`);
  db.close();
}

test('a closed write-ahead-log database is copied without a -wal or -shm appearing beside it', async () => {
  makeDatabase(join(data, 'closed.sqlite'), 'PRAGMA journal_mode=WAL');
  const { copies, warnings, dispose } = await snapshot();
  const path = join(data, 'closed.sqlite');
  expect({ warnings, databases: [...copies.keys()], left: readdirSync(data) }).toEqual({
    warnings: [],
    databases: [path],
    left: ['closed.sqlite'],
  });
  expect(checkIntegrity(toBytePath(copies.get(path)!))).toBeUndefined();
  await dispose();
});

test('only databases are substituted, whatever their names; links and excluded ones are not', async () => {
  makeDatabase(join(data, 'no extension é'));
  makeDatabase(join(data, 'excluded.db'));
  writeFileSync(join(data, 'text.db'), 'x'.repeat(4096));
  writeFileSync(join(data, 'empty.db'), '');
  symlinkSync('no extension é', join(data, 'link.db'));
  const snapshots = await snapshot('excluded.db');
  const key = Buffer.from(join(data, 'no extension é')).toString('latin1');
  expect([...snapshots.copies.keys()]).toEqual([key]);
  await snapshots.dispose();
  expect(readdirSync(scratch)).toEqual([]);
});

test('a damaged database is archived as it is, with a warning that names it', async () => {
  const path = join(data, 'broken.db');
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE t(x); CREATE INDEX i ON t(x)');
  db.exec(
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000) INSERT INTO t SELECT i FROM n',
  );
  db.close();
  const { size } = statSync(path);
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(size - 4096, 0x5a), 0, size - 4096, 4096);
  closeSync(fd);
  const { warnings, dispose } = await snapshot();
  await dispose();
  expect(warnings.map(({ code, path: where }) => [code, where])).toEqual([
    [expect.stringMatching(/^database-/), 'data/broken.db'],
  ]);
});

/** As a crash in a transaction over several databases leaves it, the super-journal's name at its end. */
function plantHotJournal(path: string, superJournal: string): void {
  const db = new DatabaseSync(path);
  db.exec(
    'PRAGMA cache_spill=1; PRAGMA cache_size=1; CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(50000))',
  );
  db.exec('BEGIN; UPDATE t SET x = randomblob(60000); INSERT INTO t VALUES (randomblob(100000))');
  for (const suffix of ['', '-journal']) copyFileSync(path + suffix, `${path}.hot${suffix}`);
  db.close();
  for (const suffix of ['', '-journal']) renameSync(`${path}.hot${suffix}`, path + suffix);
  const name = Buffer.from(superJournal);
  const record = Buffer.alloc(8);
  record.writeUInt32BE(name.length, 0);
  record.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    4,
  );
  const lockPage = Buffer.from([0, 4, 0, 1]);
  appendFileSync(`${path}-journal`, Buffer.concat([lockPage, name, record, MAGIC]));
}
const MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const codes = ({ warnings }: { warnings: Warning[] }) => warnings.map(({ code, path }) => `${code} ${path}`);

describe('what an application plants beside a database', () => {
  test('a journal that names any file: nothing is opened, deleted or changed', async () => {
    const path = join(data, 'app.db');
    const victim = join(base, 'victim');
    writeFileSync(victim, 'precious');
    plantHotJournal(path, victim);
    const before = [readFileSync(path), readFileSync(`${path}-journal`)];
    expect(checkIntegrity(toBytePath(path))?.problem).toContain('several databases');
    const snapshots = await snapshot();
    await snapshots.dispose();
    expect(codes(snapshots)).toEqual(['database-not-consistent data/app.db']);
    expect(snapshots.copies.size).toBe(0);
    expect(snapshots.names).toEqual(['data', 'data/app.db', 'data/app.db-journal']);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect([readFileSync(path), readFileSync(`${path}-journal`)]).toEqual(before);
  });

  test.each(['-journal', '-wal', '-shm'])(
    'a FIFO or a link as its %s: not waited for, not followed',
    async (suffix) => {
      const outside = join(base, 'outside');
      writeFileSync(outside, '');
      for (const kind of ['fifo', 'link', 'directory']) {
        const path = join(data, `${kind}.db`);
        makeDatabase(path, suffix === '-journal' ? '' : 'PRAGMA journal_mode=WAL');
        if (suffix === '-shm') writeFileSync(`${path}-wal`, '');
        if (kind === 'fifo') execFileSync('mkfifo', [path + suffix]);
        else if (kind === 'link') symlinkSync(outside, path + suffix);
        else mkdirSync(path + suffix);
      }
      const snapshots = await snapshot();
      await snapshots.dispose();
      expect(codes(snapshots).toSorted()).toEqual(
        ['directory', 'fifo', 'link'].map((kind) => `database-not-consistent data/${kind}.db`),
      );
      expect(statSync(outside).size).toBe(0);
    },
  );
});

test('an abort ends the copy and leaves no scratch', async () => {
  makeDatabase(join(data, 'a.db'));
  const source = snapshotsOf(new Walk({ components: components(), exclude: [] }), AbortSignal.abort());
  await expect(entriesOf(source)).rejects.toThrow(/abort/i);
  await source[Symbol.asyncDispose]();
  expect(readdirSync(scratch)).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)(
  'one that may not be read is left to the archive to complain about',
  async () => {
    makeDatabase(join(data, 'secret.db'));
    chmodSync(join(data, 'secret.db'), 0);
    expect((await snapshot()).copies.size).toBe(0);
    expect(existsSync(join(data, 'secret.db'))).toBe(true);
  },
);

test('in an archive: the copy under its own name and times, nothing beside it; never reused for its look', async () => {
  const path = join(data, 'app.db');
  using db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)');
  for (const name of ['app', 'app.db backup', 'app.db-old', 'app.db-walrus', 'z'])
    writeFileSync(join(data, name), name);
  const run = (name: string, previous?: string) =>
    archive(data, join(base, name), {
      ...{ codec: 'none', clock: HOURS_LATER, scratchDir: scratch },
      ...(previous === undefined ? {} : { previous: previousOf(join(base, previous)) }),
    });
  const sum = (name: string) => {
    execFileSync('tar', ['-xf', join(base, name), '-C', base, 'storage/app.db']);
    using copy = new DatabaseSync(join(base, 'storage/app.db'), { readOnly: true });
    return copy.prepare('SELECT sum(x) AS sum FROM t').get()!['sum'];
  };
  await run('1');
  const listed = execFileSync('tar', ['-tf', join(base, '1')], { encoding: 'utf8' });
  expect(listed.trim().split('\n')).toEqual(
    ['', 'app', 'app.db', 'app.db backup', 'app.db-old', 'app.db-walrus', 'z'].map(
      (name) => `storage/${name}`,
    ),
  );
  expect(sum('1')).toBe(1);
  expect(Math.abs(statSync(join(base, 'storage/app.db')).mtimeMs - statSync(path).mtimeMs)).toBeLessThan(1);
  // into the log: the database file itself looks unchanged
  db.exec('INSERT INTO t VALUES (41)');
  await run('2', '1');
  expect(sum('2')).toBe(42);
  expect(readdirSync(scratch)).toEqual([]);
});

test('a database that was cut off within a page is known by what lies beside it', async () => {
  makeDatabase(join(data, 'odd.db'));
  makeDatabase(join(data, 'alone.db'));
  for (const name of ['odd.db', 'alone.db']) appendFileSync(join(data, name), 'x');
  // between the two by name
  mkdirSync(join(data, 'odd.db dir'));
  writeFileSync(join(data, 'odd.db dir/file'), '');
  writeFileSync(join(data, 'odd.db-journal'), '');
  const { copies, warnings, dispose } = await snapshot();
  await dispose();
  expect([...copies.keys()]).toEqual([join(data, 'odd.db')]);
  expect(warnings).toEqual([]);
});

test('two components that share a database: one copy, told once', async () => {
  mkdirSync(join(data, 'inner'));
  makeDatabase(join(data, 'inner/app.db'));
  plantHotJournal(join(data, 'inner/torn.db'), join(base, 'victim'));
  const shared: Component = {
    ...components()[0]!,
    name: 'inner',
    root: join(data, 'inner'),
    archivePath: 'inner',
  };
  const source = snapshotsOf(new Walk({ components: [...components(), shared], exclude: [] }));
  const entries = await entriesOf(source);
  const copies = entries.flatMap(({ path, contentPath }) =>
    contentPath === undefined ? [] : [[path, contentPath]],
  );
  expect(copies.map(([path]) => path)).toEqual(['data/inner/app.db', 'inner/app.db']);
  expect(copies[0]![1]).toBe(copies[1]![1]);
  expect(source.report.warnings).toHaveLength(1);
  await source[Symbol.asyncDispose]();
});

test('nothing is kept of a file that is no database, while the walk goes on', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const seen: WeakRef<WalkEntry>[] = [];
  const walk = new Walk({ components: components(), exclude: [] });
  for (let n = 0; n < 500; n++) writeFileSync(join(data, `file-${n}`), 'odd');
  const watched: Source = {
    report: walk.report,
    entryAt: (path) => walk.entryAt(path),
    unchangedEntry: (entry) => walk.unchangedEntry(entry),
    async *entries() {
      for await (const batch of walk.entries()) {
        seen.push(...batch.map((entry) => new WeakRef(entry)));
        yield batch;
      }
    },
    [Symbol.asyncDispose]: () => walk[Symbol.asyncDispose](),
  };
  const held = () => seen.filter((entry) => entry.deref() !== undefined).length;
  let kept = 0;
  for await (const _ of snapshotsOf(watched).entries()) {
    await new Promise(setImmediate); // what a WeakRef gave out lives to the end of its turn
    collect();
    kept = Math.max(kept, held());
  }
  expect(seen).toHaveLength(501);
  expect(kept).toBeLessThan(2 * 128 + 2);
});

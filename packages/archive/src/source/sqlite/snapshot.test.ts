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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Component, silentLogger, type Warning } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import type { Substitute, WalkOptions } from '../../types.ts';
import { integrityProblem } from './copy.ts';
import { snapshotDatabases } from './snapshot.ts';

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
const sources = (...exclude: string[]): WalkOptions => ({ components: components(), exclude });
const snapshot = () =>
  snapshotDatabases(sources(), {
    scratchDir: scratch,
    signal: new AbortController().signal,
    logger: silentLogger,
  });

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
  if (integrityProblem(path, { writable: true }) !== undefined) return false;
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

const contentOf = (substitutes: Map<string, Substitute>, path: string): string =>
  (substitutes.get(path) as { contentPath: string }).contentPath;

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
          if (isWhole(contentOf(snapshots.substitutes, path))) whole++;
          expect(
            ['-wal', '-shm', '-journal'].map((suffix) => snapshots.substitutes.get(path + suffix)),
          ).toEqual(['omit', 'omit', 'omit']);
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
        const { substitutes, warnings } = await snapshot();
        expect(warnings).toEqual([]);
        expect(isWhole(contentOf(substitutes, path))).toBe(true);
        expect(written()).toEqual(before);
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
  const { substitutes, warnings, databases } = await snapshot();
  expect({ warnings, databases, left: readdirSync(data) }).toEqual({
    warnings: [],
    databases: 1,
    left: ['closed.sqlite'],
  });
  expect(
    integrityProblem(contentOf(substitutes, join(data, 'closed.sqlite')), { writable: false }),
  ).toBeUndefined();
});

test('only databases are substituted, whatever their names; links and excluded ones are not', async () => {
  makeDatabase(join(data, 'no extension é'));
  makeDatabase(join(data, 'excluded.db'));
  writeFileSync(join(data, 'text.db'), 'x'.repeat(4096));
  writeFileSync(join(data, 'empty.db'), '');
  const snapshots = await snapshotDatabases(sources('excluded.db'), {
    scratchDir: scratch,
    signal: new AbortController().signal,
    logger: silentLogger,
  });
  const key = Buffer.from(join(data, 'no extension é')).toString('latin1');
  expect([...snapshots.substitutes.keys()].filter((path) => !/-(wal|shm|journal)$/.test(path))).toEqual([
    key,
  ]);
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
  const { warnings } = await snapshot();
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
    expect(integrityProblem(path, { writable: true })).toContain('several databases');
    const snapshots = await snapshot();
    expect(codes(snapshots)).toEqual(['database-not-consistent data/app.db']);
    expect(snapshots.substitutes.size).toBe(0);
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
      expect(codes(snapshots).toSorted()).toEqual(
        ['directory', 'fifo', 'link'].map((kind) => `database-not-consistent data/${kind}.db`),
      );
      expect(statSync(outside).size).toBe(0);
    },
  );
});

test('an abort ends the copy and leaves no scratch', async () => {
  makeDatabase(join(data, 'a.db'));
  const controller = new AbortController();
  controller.abort();
  const run = snapshotDatabases(sources(), {
    scratchDir: scratch,
    signal: controller.signal,
    logger: silentLogger,
  });
  await expect(run).rejects.toThrow(/abort/i);
  expect(readdirSync(scratch)).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)(
  'one that may not be read is left to the archive to complain about',
  async () => {
    makeDatabase(join(data, 'secret.db'));
    chmodSync(join(data, 'secret.db'), 0);
    expect((await snapshot()).substitutes.size).toBe(0);
    expect(existsSync(join(data, 'secret.db'))).toBe(true);
  },
);

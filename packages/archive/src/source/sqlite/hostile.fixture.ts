/** Databases that an application that was taken over may leave: each costs more than it looks like. */
import { appendFileSync, openSync, closeSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Ten seconds each: half a million comparisons of half a million bytes. */
const SLOW = "instr(printf('%.*c', 1000000, 'a'), printf('%.*c', 500000, 'a') || 'b')";
const ENDLESS = Array.from({ length: 100 }, (_, n) => `x + ${n} + ${SLOW}`).join(' + ');

function make(path: string, ...statements: string[]): void {
  using database = new DatabaseSync(path, { defensive: false });
  for (const statement of statements) database.exec(statement);
}

/** Puts SQL into the schema that SQLite was never asked to run. */
const forge = (name: string, sql: string): string => `
  PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = '${sql.replaceAll("'", "''")}' WHERE name = '${name}';
  PRAGMA writable_schema = RESET`;

export const HOSTILE = {
  /** 900 MB for one row of an index */
  'expression index that fills memory': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x); INSERT INTO t VALUES (900000000); CREATE INDEX i ON t(x)',
      forge('i', "CREATE INDEX i ON t(length(printf('%.*c', x, 'a')))"),
    ),
  'expression index that fills memory bit by bit': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x); INSERT INTO t VALUES (900000); CREATE INDEX i ON t(x)',
      forge('i', `CREATE INDEX i ON t(${Array.from({ length: 900 }, () => 'zeroblob(x)||1').join(',')})`),
    ),
  'expression index without end': (path: string) =>
    make(
      path,
      `CREATE TABLE t(x); INSERT INTO t VALUES (1); CREATE INDEX i ON t(x)`,
      forge('i', `CREATE INDEX i ON t(${ENDLESS})`),
    ),
  'partial index without end': (path: string) =>
    make(
      path,
      `CREATE TABLE t(x); INSERT INTO t VALUES (1); CREATE INDEX i ON t(x)`,
      forge('i', `CREATE INDEX i ON t(x) WHERE (${ENDLESS})`),
    ),
  'generated column that fills memory': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x); INSERT INTO t VALUES (450000000)',
      forge('t', 'CREATE TABLE t(x, y AS (hex(zeroblob(x))) NOT NULL)'),
    ),
  'schema without end': (path: string) =>
    make(
      path,
      'PRAGMA writable_schema = ON',
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
       INSERT INTO sqlite_schema SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' FROM n`,
    ),
} satisfies Record<string, (path: string) => void>;

export const HARMLESS = {
  'view without end': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x)',
      'CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    ),
  'CHECK without end': (path: string) =>
    make(
      path,
      `CREATE TABLE t(x); INSERT INTO t VALUES (1)`,
      forge('t', `CREATE TABLE t(x CHECK (${ENDLESS}))`),
    ),
  'trigger without end': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x)',
      `CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t SELECT zeroblob(100000000) FROM sqlite_schema; END`,
    ),
  'log that claims a page far away': (path: string) => {
    make(path, 'PRAGMA journal_mode = WAL', 'CREATE TABLE t(x); INSERT INTO t VALUES (1)');
    writeFileSync(`${path}-wal`, logOfPage(readFileSync(path).subarray(0, 4096), 0x7fff_fff0));
  },
  'function of the application': (path: string) =>
    make(
      path,
      'CREATE TABLE t(x); INSERT INTO t VALUES (1); CREATE INDEX i ON t(x)',
      forge('i', 'CREATE INDEX i ON t(our_own(x))'),
    ),
} satisfies Record<string, (path: string) => void>;

/** What is damaged in the way of SQLite's own file format. */
export const DAMAGED = {
  'pages of noise': (path: string) => {
    make(
      path,
      'CREATE TABLE t(x)',
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i FROM n`,
    );
    patch(path, Buffer.alloc(4096, 0xa5), 2 * 4096);
  },
  'huge pages, and more of them than any': (path: string) => {
    make(path, 'CREATE TABLE t(x); INSERT INTO t VALUES (1)');
    patch(path, Buffer.from([0, 1]), 16);
    patch(path, Buffer.from('fffffffe', 'hex'), 28);
  },
  'a table that is its own child': (path: string) => {
    make(
      path,
      'CREATE TABLE t(x)',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i FROM n',
    );
    patch(path, Buffer.from('00000002', 'hex'), 4096 + 8);
  },
  'no page but the header': (path: string) => {
    make(path, 'CREATE TABLE t(x)');
    const header = readFileSync(path).subarray(0, 100);
    writeFileSync(path, header);
    appendFileSync(path, Buffer.alloc(4096 - 100, 0xff));
  },
} satisfies Record<string, (path: string) => void>;

function patch(path: string, bytes: Buffer, at: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** https://www.sqlite.org/fileformat.html, section 4: one frame that commits a page of that number. */
function logOfPage(page: Buffer, number: number): Buffer {
  const header = Buffer.alloc(32);
  [0x377f0682, 3007000, page.length, 0, 1, 2].forEach((value, n) => header.writeUInt32BE(value, n * 4));
  const first = checksum(header.subarray(0, 24), [0, 0]);
  first.forEach((value, n) => header.writeUInt32BE(value, 24 + n * 4));
  const frame = Buffer.alloc(24);
  [number, number, 1, 2].forEach((value, n) => frame.writeUInt32BE(value, n * 4));
  const second = checksum(page, checksum(frame.subarray(0, 8), first));
  second.forEach((value, n) => frame.writeUInt32BE(value, 16 + n * 4));
  return Buffer.concat([header, frame, page]);
}

function checksum(bytes: Buffer, [first, second]: [number, number]): [number, number] {
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + bytes.readUInt32LE(at) + b) >>> 0;
    b = (b + bytes.readUInt32LE(at + 4) + a) >>> 0;
  }
  return [a, b];
}

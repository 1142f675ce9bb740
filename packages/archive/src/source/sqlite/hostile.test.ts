/** What a database of an application that was taken over can cost, and what it can stop: little, and nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, toBytePath } from '@gofr-backup/model';
import { landlockVersion } from '@gofr-backup/posix';
import { waitFor } from '@gofr-backup/testing';
import { pathOnDisk } from '../content.ts';
import { Walk } from '../tree/walk.ts';
import { DatabaseProcess } from './database-process.ts';
import { DAMAGED, HARMLESS, HOSTILE } from './hostile.fixture.ts';
import { DatabaseSnapshots } from './snapshot.ts';

/** MB: 256 for SQLite beyond what Node has by itself, about 65 */
const MOST_MEMORY = 350;
const PATIENCE = 3000;

let base: string;
let data: string;
let scratch: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hostile-'));
  [data, scratch] = [join(base, 'data'), join(base, 'scratch')];
  mkdirSync(data);
  mkdirSync(scratch);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const snapshots = ({ signal = new AbortController().signal, patience = PATIENCE } = {}) =>
  new DatabaseSnapshots(
    new Walk({
      components: [{ name: 'data', root: data, archivePath: 'data', select: 'all' }],
      exclude: [],
    }),
    {
      scratchDir: scratch,
      roots: [toBytePath(data)],
      signal,
      logger: silentLogger,
      patience,
    },
  );

/** The content of every file, as it would be archived. */
async function contentOf(source: DatabaseSnapshots): Promise<Map<string, Buffer>> {
  const content = new Map<string, Buffer>();
  for await (const batch of source.entries())
    for (const entry of batch)
      if (entry.type === 'file')
        content.set(entry.path, readFileSync(entry.contentPath ?? pathOnDisk(entry)));
  return content;
}

/** Those that have become the program that answers jobs. */
const children = (of = process.pid): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statusOf(name, 'PPid') === of)
    .filter((pid) => isWorker(pid))
    .map(Number);

function isWorker(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('database-worker');
  } catch {
    return false;
  }
}

/** A number of proc(5)'s status; undefined when the process is gone. */
function statusOf(pid: string | number, field: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, value] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status) ?? [];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}

/** What the run answers, the milliseconds it took, and the most memory that a child of this process took, in MB. */
async function measured<T>(run: () => Promise<T>): Promise<{ result: T; took: number; memory: number }> {
  let memory = 0;
  const look = setInterval(() => {
    for (const pid of children()) memory = Math.max(memory, (statusOf(pid, 'VmHWM') ?? 0) / 1024);
  }, 20);
  const start = performance.now();
  try {
    const result = await run();
    return { result, took: performance.now() - start, memory };
  } finally {
    clearInterval(look);
  }
}

async function snapshot() {
  const { size } = statSync(join(data, 'app.db'));
  const outcome = await measured(async () => {
    await using source = snapshots();
    return { content: await contentOf(source), warnings: source.report.warnings };
  });
  console.info(
    `${Math.round(outcome.took)} ms, ${Math.round(outcome.memory)} MB: ${outcome.result.warnings.map(({ message }) => message).join()}`,
  );
  expect(outcome.took).toBeLessThan(2 * PATIENCE + size / 1000 + 10_000);
  expect(outcome.memory).toBeLessThan(MOST_MEMORY);
  expect(readdirSync(scratch)).toEqual([]);
  return outcome.result;
}

const filesOf = (names: string[]) =>
  new Map(names.map((name) => [`data/${name}`, readFileSync(join(data, name))]));

describe.each(Object.entries(HOSTILE))('%s', (_, plant) => {
  test(
    'costs little; the files are archived byte for byte, with a warning',
    { timeout: 60_000 },
    async () => {
      plant(join(data, 'app.db'));
      new DatabaseSync(join(data, 'other.db')).exec('CREATE TABLE t(x)');
      const { content, warnings } = await snapshot();
      expect(warnings.map(({ code, path }) => [code, path])).toEqual([
        ['database-not-consistent', 'data/app.db'],
      ]);
      expect(content).toEqual(filesOf(readdirSync(data)));
    },
  );
});

test.each(Object.entries(HARMLESS))('%s: never run, no warning', { timeout: 60_000 }, async (_, plant) => {
  plant(join(data, 'app.db'));
  const { content, warnings } = await snapshot();
  expect(warnings).toEqual([]);
  expect(content.get('data/app.db')!.length).toBe(readFileSync(join(data, 'app.db')).length);
});

test.each(Object.entries(DAMAGED))('%s: a warning, archived', { timeout: 60_000 }, async (_, plant) => {
  plant(join(data, 'app.db'));
  const { content, warnings } = await snapshot();
  expect(warnings.map(({ code }) => code)).toEqual([expect.stringMatching(/^database-/)]);
  expect([...content.keys()]).toEqual(['data/app.db']);
});

test('cancelled while SQLite is stuck: the child is killed at once', { timeout: 60_000 }, async () => {
  HOSTILE['expression index without end'](join(data, 'app.db'));
  const cancel = new AbortController();
  const source = snapshots({ signal: cancel.signal, patience: 60_000 });
  const run = contentOf(source);
  run.catch(() => {});
  await waitFor(() => children().some((pid) => isBusy(pid)), { timeout: 30_000 });
  const at = performance.now();
  cancel.abort();
  await expect(run).rejects.toThrow(/abort/i);
  await source[Symbol.asyncDispose]();
  expect(performance.now() - at).toBeLessThan(3000);
  expect(children()).toEqual([]);
  expect(readdirSync(scratch)).toEqual([]);
});

test(
  'changed while its check is stuck: the consistent copy is archived, not its files',
  { timeout: 60_000 },
  async () => {
    const path = join(data, 'app.db');
    HOSTILE['expression index without end'](path);
    await using source = snapshots({ patience: 10_000 });
    const run = contentOf(source);
    const before = readFileSync(path);
    await waitFor(() => sizesIn(scratch).includes(before.length), { timeout: 30_000 });
    const atCopy = children().map((pid) => ticksOf(pid));
    await waitFor(() => children().some((pid, n) => ticksOf(pid) > atCopy[n]! + STUCK), { timeout: 30_000 });
    writeFileSync(path, 'torn');
    const content = await run;
    expect(source.report.warnings.map(({ code }) => code)).toEqual(['database-unchecked']);
    expect(content.get('data/app.db')!.length).toBe(before.length);
  },
);

test('the child ends with a parent that is killed, whatever it is doing', { timeout: 60_000 }, async () => {
  HOSTILE['expression index without end'](join(data, 'app.db'));
  const script = `
    const { DatabaseProcess } = await import(${JSON.stringify(join(import.meta.dirname, 'database-process.ts'))});
    const sqlite = new DatabaseProcess({ signal: new AbortController().signal, read: [], write: [${JSON.stringify(data)}] });
    await sqlite.check(${JSON.stringify(join(data, 'app.db'))});`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const childOf = () => children(parent.pid).find((pid) => isBusy(pid));
  await waitFor(() => childOf() !== undefined, { timeout: 30_000 });
  const child = childOf()!;
  parent.kill('SIGKILL');
  await waitFor(() => statusOf(child, 'PPid') === undefined, { timeout: 2000 });
  expect(children(parent.pid)).toEqual([]);
});

/** Of CPU time, in ticks: more than Node takes to start where nothing else runs. */
const STUCK = 60;
const isBusy = (pid: number): boolean => ticksOf(pid) > STUCK;

/** CPU time in ticks of 10 ms (proc(5): utime); 0: it has ended. */
function ticksOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[11]);
  } catch {
    return 0;
  }
}

const sizesIn = (directory: string): number[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map(({ name, parentPath }) => statSync(join(parentPath, name)).size);

test('after five that had to be stopped no other is checked, and copies are made all the same', async () => {
  HOSTILE['expression index without end'](join(data, 'app.db'));
  new DatabaseSync(join(data, 'other.db')).exec('CREATE TABLE t(x)');
  const signal = new AbortController().signal;
  const place = { read: [toBytePath(data)], write: [toBytePath(scratch)] };
  await using sqlite = new DatabaseProcess({ signal, ...place, patience: 1500 });
  const copy = join(scratch, 'copy');
  execFileSync('cp', [join(data, 'app.db'), copy]);
  const findings = [];
  for (let n = 0; n < 6; n++) findings.push(await sqlite.check(toBytePath(copy)));
  expect(findings.map((finding) => finding?.problem)).toEqual([
    ...Array.from({ length: 5 }, () => 'SQLite was stopped after 2 s'),
    'SQLite was stopped for 5 databases before',
  ]);
  expect(await sqlite.backUp(toBytePath(join(data, 'other.db')), join(scratch, 'other'))).toBe(true);
}, 60_000);

test.skipIf(landlockVersion() === 0)(
  'the child cannot read elsewhere, nor write beside the databases',
  async () => {
    new DatabaseSync(join(base, 'secret.db')).exec('CREATE TABLE t(x)');
    new DatabaseSync(join(data, 'app.db')).exec('CREATE TABLE t(x)');
    const signal = new AbortController().signal;
    const place = { read: [toBytePath(data)], write: [toBytePath(scratch)] };
    await using sqlite = new DatabaseProcess({ signal, ...place });
    const [secret, app] = [join(base, 'secret.db'), join(data, 'app.db')].map(toBytePath);
    expect(await sqlite.backUp(app!, join(scratch, 'a'))).toBe(true);
    expect(await sqlite.backUp(secret!, join(scratch, 'b'))).toBe(false);
    await expect(sqlite.copyFiles(secret!, join(scratch, 'b'))).rejects.toThrow('EACCES');
    await expect(sqlite.copyFiles(app!, join(data, 'b'))).rejects.toThrow('EACCES');
    await expect(sqlite.copyFiles(app!, join(base, 'b'))).rejects.toThrow('EACCES');
    expect(readdirSync(data)).toEqual(['app.db']);
  },
);

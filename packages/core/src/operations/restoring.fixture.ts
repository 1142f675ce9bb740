/** A small service with nasty files, its backups, and a restore that can be killed; for the tests of recovery. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BackupPlan,
  noProgress,
  type OperationContext,
  type RestoreRequest,
  silentLogger,
  systemClock,
} from '@gofr-backup/model';
import {
  codeCacheOf,
  directory,
  FAST,
  file,
  hardlink,
  makeTree,
  readTree,
  sparse,
  symlink,
  type Tree,
} from '@gofr-backup/testing';

export interface World {
  base: string;
  plan: BackupPlan;
  ctx: OperationContext;
  dispose(): Promise<void>;
}

export function makeWorld(change: Partial<BackupPlan> = {}): World {
  const base = mkdtempSync(join(FAST, 'world-'));
  const at = (name: string) => join(base, name);
  const plan: BackupPlan = {
    project: 'plot',
    prefix: 'gofr-plot',
    timezone: 'UTC',
    backupDir: at('backups'),
    dataDir: at('data'),
    components: [
      { name: 'storage', root: at('data/storage'), archivePath: 'data/storage', select: 'all' },
      { name: 'auth', root: at('data/auth'), archivePath: 'data/auth', select: 'all' },
      { name: 'logs', root: at('logs'), archivePath: 'logs', select: 'all' },
    ],
    exclude: [],
    codec: { name: 'gzip', level: 1 },
    threads: 1,
    nice: 0,
    verifyAfterBackup: false,
    linkUnchanged: true,
    retention: {
      retentionDays: 30,
      maxCount: 90,
      keepLast: 3,
      timezone: 'UTC',
      unverifiedIsGood: true,
      anomalyPercent: 0,
    },
    trashDays: 0,
    minFree: 0,
    commandTimeout: 60_000,
    ...change,
  };
  const dispose = () => rm(base, { recursive: true, force: true });
  return { base, plan, ctx: contextFor(plan), dispose };
}

export function contextFor(plan: BackupPlan): OperationContext {
  const signal = new AbortController().signal;
  return { plan, owner: 'test', clock: systemClock, logger: silentLogger, progress: noProgress, signal };
}

export const STORAGE: Tree = {
  'chart.png': file(new Uint8Array(3000).fill(7), { mode: 0o640, mtime: 1_700_000_000.25 }),
  'again.png': hardlink('storage/chart.png'),
  'metadata.json': file('{"charts":1}', { mtime: 1_700_000_001 }),
  'new\nline é': 'x',
  'bad-\udcff\udc80': file('bytes', { mtime: 1_600_000_000 }),
  group: directory(
    { 'a.metadata.json': '{}', inner: file('y', { mode: 0o600 }) },
    { mode: 0o2750, mtime: 1_500_000_000 },
  ),
  dangling: symlink('nowhere'),
  here: symlink('group/inner', { mtime: 1_400_000_000 }),
  hole: sparse(300_000, [[200_000, 'middle']]),
  empty: directory({}, { mode: 0o700, mtime: 1_300_000_000 }),
};

/** The tree in the archive, and the tree in place when it is restored. */
export const THEN: Tree = {
  data: { storage: STORAGE, auth: { 'token.json': file('{"token":"then"}', { mode: 0o600 }) } },
  logs: { 'app.log': 'line 1\n', old: { 'app.1.log': 'line 0\n' } },
};
export const NOW: Tree = {
  data: {
    storage: {
      'chart.png': 'another chart',
      'metadata.json': '{"charts":2}',
      'later.png': 'made after the backup',
      group: { 'a.metadata.json': '{"later":1}', extra: { deep: 'z' } },
      empty: 'a file now',
    },
    auth: { 'token.json': file('{"token":"now"}', { mode: 0o600 }), 'second.json': '{}' },
  },
  logs: { 'app.log': 'line 1\nline 2\n' },
};

/** The same, but for the file that stands where the archive has a directory: merging refuses it. */
export const NOW_TO_MERGE: Tree = {
  ...NOW,
  data: {
    ...(NOW['data'] as Tree),
    storage: Object.fromEntries(
      Object.entries((NOW['data'] as { storage: Tree }).storage).filter(([name]) => name !== 'empty'),
    ),
  },
};

/** hardlink() targets are relative to the root of a literal: the tree is made per directory that holds them. */
export async function fill(world: World, tree: Tree): Promise<void> {
  const { data, logs } = tree as { data: Tree; logs: Tree };
  await rm(join(world.base, 'data'), { recursive: true, force: true });
  await rm(join(world.base, 'logs'), { recursive: true, force: true });
  await makeTree(join(world.base, 'data'), data);
  await makeTree(join(world.base, 'logs'), logs);
}

/**
 * Contents, modes, owners, times and links of all components; not of the directories above them. Times to the
 * millisecond: utimes(2) takes a double, which is off by some nanoseconds.
 */
export async function present(world: World): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const name of ['data', 'logs']) {
    const directory = join(world.base, name);
    const entries = existsSync(directory) ? Object.entries(await readTree(directory)) : [];
    for (const [path, { mtimeNs, ...entry }] of entries)
      all[`${name}/${path}`] = { ...entry, mtime: String(((mtimeNs ?? 0n) + 500_000n) / 1_000_000n) };
  }
  return all;
}

const CHILD = fileURLToPath(new URL('./restore-child.fixture.ts', import.meta.url));

export interface ChildOrders {
  plan: BackupPlan;
  operation: 'restore' | 'recover';
  request: RestoreRequest;
  /** SIGKILL to itself before its step of this number */
  dieAt?: number;
  /** default: this user */
  uid?: number;
}

/** Answers when it is ready to begin; it begins at once. */
export function startChild(orders: ChildOrders): {
  child: ChildProcess;
  began: Promise<void>;
  ended: Promise<string>;
} {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(orders.uid !== undefined && {
      ...{ uid: orders.uid, gid: orders.uid },
      env: { ...process.env, NODE_COMPILE_CACHE: codeCacheOf(orders.uid) },
    }),
  });
  let output = '';
  const began = new Promise<void>((resolve) =>
    child.stdout!.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes('began')) resolve();
    }),
  );
  const ended = new Promise<string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? `${code} ${output}`)),
  );
  return { child, began: Promise.race([began, ended.then(() => {})]), ended };
}

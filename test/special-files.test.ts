/**
 * A FIFO, a link, a directory or a device where a file of ours is expected: no command waits for it, follows it or stops the
 * others; what cannot be used is named.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '@gofr-backup/testing';
import { type Ran, Sandbox } from './command-line.ts';

/** Milliseconds that a command may take on a busy machine. */
const LIMIT = 30_000;

let sandbox: Sandbox;
let newest: string;
let lock: number;

beforeAll(async () => {
  sandbox = await Sandbox.create();
  for (let n = 0; n < 2; n++) expect((await sandbox.run(['now'])).code).toBe(0);
  newest = readdirSync(join(sandbox.backups, 'daily'))
    .filter((name) => name.endsWith('.tar.gz'))
    .sort()
    .at(-1)!;
  lock = Math.max(...state().map((name) => Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0)));
  copy(sandbox.backups, pristine());
}, 120_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const state = (): string[] => readdirSync(join(sandbox.backups, '.gofr-backup'));
const pristine = (): string => join(sandbox.path, 'pristine');
const copy = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, preserveTimestamps: true });

const KINDS: Record<string, (place: string) => void> = {
  'a FIFO': (place) => execFileSync('mkfifo', [place]),
  'a link to a FIFO': (place) => {
    execFileSync('mkfifo', [join(sandbox.path, 'fifo')]);
    symlinkSync(join(sandbox.path, 'fifo'), place);
  },
  'a link without end': (place) => symlinkSync('/dev/zero', place),
  'a directory': (place) => mkdirSync(place),
  'a socket': (place) =>
    execFileSync('python3', ['-c', SOCKET, dirname(place), place.slice(place.lastIndexOf('/') + 1)]),
};
const SOCKET =
  'import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind(sys.argv[2])';

interface Place {
  path(): string;
  /** exit codes of commands about that very backup; 0 for all others */
  codes?: Record<string, number>;
  /** what a command about that very backup says */
  says?: RegExp;
}

const ofBackup = (suffix: string) => () => `daily/${newest}${suffix}`;
const inState = (name: () => string) => () => `.gofr-backup/${name()}`;

const PLACES: Record<string, Place> = {
  'an archive': {
    path: ofBackup(''),
    codes: { verify: 4, restore: 4 },
    says: /is no file: it is left alone/,
  },
  'its checksum': {
    path: ofBackup('.sha256'),
    codes: { verify: 3, restore: 3 },
    says: /\.sha256 is a (FIFO|link|directory|socket)/,
  },
  'its index': { path: ofBackup('.idx') },
  'its sidecar': { path: ofBackup('.json') },
  'the manifest': { path: () => 'manifest.json' },
  'the lock': { path: inState(() => `lock.${lock}`) },
  'the next lock': { path: inState(() => `lock.${lock + 1}`) },
  'the record of the last run': { path: inState(() => 'last-run.gofr-plot.json') },
  'a pointer to a restore': { path: inState(() => 'restore-0123456789abcdef.json') },
  'the reserve file': { path: inState(() => 'ballast') },
  'an unfinished archive': { path: () => `daily/.tmp-0123456789ab-${newest}` },
};

const COMMANDS: Record<string, () => string[]> = {
  now: () => ['now'],
  verify: () => ['verify', newest],
  restore: () => ['restore', newest, '--to', join(sandbox.path, 'out'), '--yes'],
  list: () => ['list'],
  status: () => ['status'],
  prune: () => ['prune'],
  drill: () => ['drill', 'latest'],
};

/** Ends in time, or fails. */
async function run(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const running = sandbox.start(args, env);
  running.child.stdin.end();
  const timer = setTimeout(() => running.child.kill('SIGKILL'), LIMIT);
  try {
    return await running.ended;
  } finally {
    clearTimeout(timer);
  }
}

function plant(place: Place, kind: string): void {
  for (const left of [sandbox.backups, join(sandbox.path, 'out'), join(sandbox.path, 'fifo')])
    rmSync(left, { recursive: true, force: true });
  copy(pristine(), sandbox.backups);
  const path = join(sandbox.backups, place.path());
  rmSync(path, { force: true });
  KINDS[kind]!(path);
}

/** Every place with a FIFO and with one other kind, and with each of them three commands: in turns. */
const CASES = Object.keys(PLACES).flatMap((place, n) =>
  ['a FIFO', Object.keys(KINDS)[1 + (n % 4)]!].map((kind, m): [string, string, string[]] => {
    const others = Object.keys(COMMANDS).slice(1);
    return [place, kind, ['now', others[(n + 3 * m) % 6]!, others[(n + 3 * m + 1) % 6]!]];
  }),
);
CASES.push(['the manifest', 'a directory', ['now']], ['the record of the last run', 'a directory', ['now']]);

test.each(CASES)('in place of %s: %s (%j)', { timeout: 4 * LIMIT }, async (where, kind, commands) => {
  const place = PLACES[where]!;
  for (const command of commands) {
    plant(place, kind);
    const { code, stdout, stderr } = await run(COMMANDS[command]!());
    const said = `${stdout}${stderr}`;
    expect({ command, code, said }).toMatchObject({ code: place.codes?.[command] ?? 0 });
    if (place.says && place.codes?.[command]) expect(said).toMatch(place.says);
  }
});

describe('SIGTERM', () => {
  test(
    'ends `serve` with FIFOs in all places at once, its heartbeat among them',
    { timeout: 4 * LIMIT },
    async () => {
      plant(PLACES['an archive']!, 'a FIFO');
      for (const { path } of Object.values(PLACES).slice(1)) {
        rmSync(join(sandbox.backups, path()), { force: true });
        KINDS['a FIFO']!(join(sandbox.backups, path()));
      }
      for (const service of ['serve', 'worker', 'scheduler'])
        KINDS['a FIFO']!(join(sandbox.path, 'tmp', `gofr-backup-${service}-${process.geteuid!()}.heartbeat`));
      const { child, said, ended } = sandbox.start(['serve'], { BACKUP_ON_START: 'true' });
      await waitFor(() => /heartbeat cannot be written/.test(said.stderr + said.stdout), { timeout: LIMIT });
      child.kill('SIGTERM');
      const { code } = await ended;
      expect(code).toBe(0);
    },
  );
});

test.each(['daily', '.gofr-backup', '.gofr-backup/scratch', '.gofr-backup/trash'])(
  'in place of the directory %s: refused by name, and left there',
  { timeout: 4 * LIMIT },
  async (directory) => {
    plant({ path: () => 'aside' }, 'a directory');
    const path = join(sandbox.backups, directory);
    rmSync(path, { recursive: true, force: true });
    KINDS['a FIFO']!(path);
    const { code, stderr } = await run(['now']);
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: expect.stringContaining(`${path} is no directory`),
    });
    expect(lstatSync(path).isFIFO()).toBe(true);
  },
);

test('a secret is read from a file, through a link; not from a FIFO', { timeout: 4 * LIMIT }, async () => {
  const secret = join(sandbox.path, 'secret');
  KINDS['a FIFO']!(secret);
  const { code, stderr } = await run(['status'], { BACKUP_REDIS_URL_FILE: secret });
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining('names no regular file') });
});

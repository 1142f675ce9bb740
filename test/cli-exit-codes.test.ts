/** Every way to fail: its code, its three lines, its document. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDirOf, withLock } from '@gofr-backup/core';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { freePort, readTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow, MAIN, ROOT, Sandbox, type Ran } from './command-line.ts';

let sandbox: Sandbox;
let name: string;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  name = (await sandbox.json<{ backup: { filename: string } }>(['now'])).backup.filename;
});
afterAll(() => sandbox[Symbol.asyncDispose]());

/** What happened, why, what to do; and never a stack trace. */
function expectThreeLines({ stderr }: Ran, what: RegExp): void {
  const error = stderr.slice(stderr.indexOf('gofr-backup: ')).trimEnd().split('\n');
  expect(error, stderr).toHaveLength(3);
  expect(error[0]).toMatch(what);
  expect(error[1]).toMatch(/^ {2}why: \S/);
  expect(error[2]).toMatch(/^ {2}to do: \S/);
  expect(stderr).not.toMatch(/^\s+at /m);
}

const errorOf = ({ stdout }: Ran) => (JSON.parse(stdout) as { error: { code: string; hint: string } }).error;

test('2: what cannot be understood', async () => {
  const ways = [
    ['frobnicate'],
    [],
    ['now', 'hourly'],
    ['list', '--tier', 'yearly'],
    ['show'],
    ['verify', '--all', '--latest'],
    ['restore'],
    ['restore', name, '--latest'],
    ['restore', name, '--only', 'nonsense', '--dry-run'],
  ];
  await Promise.all(
    ways.map(async (args) => {
      const ran = await sandbox.run(args);
      expect(ran.code, `${args.join(' ')}\n${ran.stderr}`).toBe(2);
      expectThreeLines(ran, /./);
    }),
  );
  const said = async (...args: string[]) => (await sandbox.run(args)).stderr.split('\n');
  expect(await said('lst')).toEqual([
    'gofr-backup: Unknown command "lst". Did you mean "list"?',
    '  why: gofr-backup has no command of this name',
    '  to do: See `gofr-backup --help`.',
    '',
  ]);
  expect(await said('list', '--teir', 'daily')).toEqual([
    'gofr-backup: `gofr-backup list` was called incorrectly',
    '  why: unknown option "--teir". Did you mean "--tier"?',
    '  to do: See `gofr-backup list --help`.',
    '',
  ]);
  expect((await said('verify', '--all', '--latest'))[2]).toBe('  to do: See `gofr-backup verify --help`.');
  const ran = await sandbox.run(['now', 'hourly', '--json']);
  expect([ran.code, errorOf(ran).code, ran.stderr]).toEqual([2, 'USAGE', '']);
});

test('4: no such backup, and nothing to back up', async () => {
  for (const args of [
    ['show', 'nope.tar.gz'],
    ['files', '../../etc/passwd'],
    ['verify', 'nope.tar.gz'],
    ['cat', name, 'data/nope'],
    ['logs', 'nope'],
  ]) {
    const ran = await sandbox.run(args);
    expect(ran.code, `${args.join(' ')}\n${ran.stderr}`).toBe(4);
    expectThreeLines(ran, /./);
  }
  await using empty = await Sandbox.create({ tree: {} });
  await rm(empty.logs, { recursive: true });
  const ran = await empty.run(['now', '--json']);
  expect([ran.code, errorOf(ran).code]).toEqual([4, 'NOTHING_TO_BACK_UP']);
});

test('6: a restore that nobody confirmed leaves the data alone', async () => {
  const before = await readTree(sandbox.data);
  const ran = await sandbox.run(['restore', name]);
  expect(ran.code).toBe(6);
  expectThreeLines(ran, /not confirmed/);
  expect(ran.stderr).toContain('docker-compose stop mcp mcpo web');
  const other = await sandbox.run(['restore', name], { GOFR_PROJECT: 'dig', BACKUP_PREFIX: 'gofr-plot' });
  expect([other.code, other.stderr]).toEqual([6, expect.stringMatching(/^(?!.*mcpo).*Stop the services/ms)]);
  expect(ran.stderr).toContain(join(sandbox.data, 'storage'));
  expect((await sandbox.run(['restore', '--interactive'])).code).toBe(6);
  expect(await readTree(sandbox.data)).toEqual(before);
});

test('5: another operation holds the lock, and the message names it', async () => {
  const ports = {
    clock: systemClock,
    logger: silentLogger,
    progress: () => {},
    signal: new AbortController().signal,
  };
  await withLock(
    stateDirOf(sandbox.backups),
    { owner: 'the neighbour', operation: 'restore', ports },
    async () => {
      for (const args of [['rebuild'], ['verify', '--latest', '--here']]) {
        const ran = await sandbox.run(args);
        expect(ran.code, ran.stderr).toBe(5);
        expect(ran.stderr).toContain('the neighbour');
      }
      expect(await sandbox.json(['status'])).toMatchObject({
        lock: { operation: 'restore', owner: 'the neighbour' },
      });
    },
  );
});

test('69: Redis is away; recovery goes on without it and says so', async () => {
  const env = { BACKUP_REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
  const reference = await sandbox.run(['list'], env);
  expect([reference.code, reference.stderr]).toEqual([0, '']);
  for (const args of [['now'], ['now', '--no-wait'], ['prune'], ['status']]) {
    const ran = await sandbox.run(args, env);
    expect(ran.code, ran.stderr).toBe(69);
    expectThreeLines(ran, /Redis at .* cannot be reached/);
    // over what starting a process takes on this machine at this moment
    expect(ran.took - reference.took).toBeLessThan(5000);
  }
  const status = await sandbox.run(['status', '--json'], env);
  expect(errorOf(status).code).toBe('REDIS_UNREACHABLE');

  for (const args of [
    ['verify', name],
    ['drill', name],
    ['restore', name, '--to', 'without-redis'],
    ['rebuild'],
  ]) {
    const ran = await sandbox.run(args, env);
    expect(ran.code, ran.stderr).toBe(0);
    if (args[0] !== 'rebuild') expect(ran.stderr).toContain('going on without it, in this process');
  }
});

test('69: no Redis to be found; recovery goes on without it', async () => {
  const env = { PATH: join(sandbox.path, 'tmp') };
  const ran = await sandbox.run(['now', '--json'], env);
  expect([ran.code, errorOf(ran).code]).toEqual([69, 'REDIS_MISSING']);
  expect(await sandbox.run(['verify', name], env)).toMatchObject({ code: 0 });
});

test('69: a Redis that accepts and never answers', async () => {
  const silent = spawn('python3', ['-c', SILENT_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(silent.stdout, 'data')) as [Buffer];
    const ran = await sandbox.run(['now'], {
      BACKUP_REDIS_URL: `redis://127.0.0.1:${port.toString().trim()}`,
    });
    expect(ran.code, ran.stderr).toBe(69);
  } finally {
    silent.kill();
  }
});

const SILENT_SERVER = `
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(8)
print(s.getsockname()[1], flush=True)
held = []
while True: held.append(s.accept())
`;

test('78: every bad setting in one message, no stack trace', async () => {
  const bad = {
    ...{
      GOFR_PLOT_BACKUP_SCHEDULE: 'H 2 * * *',
      GOFR_PLOT_BACKUP_RETENTION_DAYS: '-3',
      BACKUP_COMPRESSION: 'rar',
    },
    ...{ BACKUP_PATHS: 'a:x,a:y', TZ: 'Mars/Olympus', GOFR_PLOT_BACKUP_VERIFY_AFTER_BACKUP: 'perhaps' },
    ...{ BACKUP_REDIS_URL: 'hunter2' },
  };
  const ran = await sandbox.run(['now'], bad);
  expect(ran.code).toBe(78);
  expect(ran.stderr).toMatch(/^gofr-backup: 7 settings are not valid$/m);
  for (const variable of Object.keys(bad)) expect(ran.stderr).toContain(`  why: ${variable}`);
  expect(ran.stderr).not.toMatch(/^\s+at |hunter2/m);
  const document = await sandbox.run(['list', '--json'], bad);
  expect([document.code, errorOf(document).code]).toEqual([78, 'CONFIG']);
});

test.skipIf(process.getuid?.() === 0)('77: a file that may not be read is named', async () => {
  await using other = await Sandbox.create();
  await chmod(join(other.data, 'auth/tokens.json'), 0o000);
  const ran = await other.run(['now']);
  expect(ran.code).toBe(77);
  expect(ran.stderr).toContain('data/auth/tokens.json');
});

test('3: a damaged archive is not restored, and the data is untouched', async () => {
  const archive = join(sandbox.backups, 'daily', name);
  const whole = await readFile(archive);
  const before = await readTree(sandbox.data);
  const file = await open(archive, 'r+');
  await file.write(Buffer.from([(whole[whole.length >> 1] ?? 0) ^ 0xff]), 0, 1, whole.length >> 1);
  await file.close();

  const verified = await sandbox.run(['verify', name, '--json']);
  expect(verified.code).toBe(3);
  const { results } = JSON.parse(verified.stdout) as { results: { ok: boolean; problems: string[] }[] };
  expect(results[0]).toMatchObject({ ok: false });
  expect(results[0]?.problems.length).toBeGreaterThan(0);

  const restored = await sandbox.run(['restore', name, '--yes']);
  expect(restored.code, restored.stderr).toBe(3);
  expect(await readTree(sandbox.data)).toEqual(before);
  await writeFile(archive, whole);
});

test('verify --all: one that may not be read, or has a damaged index, condemns nothing and hides nothing', async () => {
  await using other = await Sandbox.create();
  const daily = join(other.backups, 'daily');
  const made = await other.json<{ backup: { filename: string } }>(['now']);
  const [good, locked, unindexed, damaged] = ['01', '02', '03', '04'].map(
    (day) => `gofr-plot_daily_202501${day}_020000.tar.gz`,
  ) as [string, string, string, string];
  const archive = await readFile(join(daily, made.backup.filename));
  for (const name of [good, locked, unindexed]) await writeFile(join(daily, name), archive);
  await writeFile(join(daily, `${unindexed}.idx`), 'no index');
  const verifyAll = async () => {
    const ran = await runRestricted(other, ['verify', '--all', '--here', '--json']);
    const { results } = JSON.parse(ran.stdout) as {
      results: { filename: string; ok: boolean; code?: string }[];
    };
    const codes = new Map(results.map(({ filename, ok, code }) => [filename, ok ? 'ok' : code]));
    return { exit: ran.code, codes: [unindexed, locked, good].map((name) => codes.get(name)), all: codes };
  };
  expect(await verifyAll()).toMatchObject({ exit: 0, codes: ['ok', 'ok', 'ok'] });

  await chmod(join(daily, locked), 0o000);
  await writeFile(join(daily, `${unindexed}.idx`), 'no index');
  expect(await verifyAll()).toMatchObject({ exit: 77, codes: ['ok', 'PERMISSION', 'ok'] });
  const { stdout } = await runRestricted(other, ['verify', '--all', '--here']);
  expect(stdout).toMatch(new RegExp(`✗ ${locked}\\n    .*permission denied.*\\n    to do: `));

  await writeFile(join(daily, damaged), archive.subarray(0, -9));
  const worst = await verifyAll();
  expect(worst).toMatchObject({ exit: 3, codes: ['ok', 'PERMISSION', 'ok'] });
  expect(worst.all.get(damaged)).toBe('ARCHIVE_DAMAGED');
});

/** A superuser without the right to read everything. */
function runRestricted(other: Sandbox, args: string[]): Promise<Ran> {
  if (process.getuid?.() !== 0) return other.run(args);
  const less = ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search'];
  const command = [...less, process.execPath, MAIN, ...args];
  const { child, ended } = follow('setpriv', command, other.env, other.path);
  child.stdin.end();
  return ended;
}

test('every command explains itself and takes --json', async () => {
  const { stdout } = await sandbox.run(['--help']);
  const verbs = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb ?? '');
  for (const verb of [
    'serve',
    'scheduler',
    'worker',
    'dashboard',
    'now',
    'list',
    'show',
    'files',
    'cat',
    'verify',
    'restore',
    'drill',
    'prune',
    'status',
    'config',
    'rebuild',
    'pin',
    'unpin',
    'resume',
    'alerts',
    'undelete',
    'logs',
    'completion',
  ]) {
    expect(verbs).toContain(verb);
  }
  const helps = await Promise.all(
    ['now', 'restore', 'serve', 'cat'].map((verb) => sandbox.run([verb, '--help'])),
  );
  for (const { code, stdout: help } of helps) {
    expect(code).toBe(0);
    expect(help).toContain('--json');
  }
  const version = (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string })
    .version;
  const shown = await sandbox.run(['--version']);
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  // a checkout that was built names its revision, the sources do not
  expect(shown.stdout).toMatch(new RegExp(`^${RegExp.escape(version)}( \\([0-9a-f]+(-dirty)?\\))?\n$`));
});

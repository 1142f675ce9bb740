/** Every command's answer: the text a person gets, and the document a script gets. */
import { createHash } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { readTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

interface Entry {
  filename: string;
  tier: string;
  timestamp: string;
  size_bytes: number;
  verified: boolean;
  status: string;
  sha256: string;
}

/** Node sets times only to the microsecond. */
const EXACT = { without: ['mtimeNs'] } as const;

let sandbox: Sandbox;
let made: Entry;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  const answer = await sandbox.json<{ job_id: string; backup: Entry }>(['now']);
  expect(Object.keys(answer)).toEqual(['job_id', 'backup']);
  expect(answer.job_id).toMatch(/^backup-/);
  made = answer.backup;
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('now makes a verified backup and answers its entry', async () => {
  expect(made).toMatchObject({ tier: 'daily', verified: true, status: 'good', trigger: 'manual' });
  expect(made.filename).toMatch(/^gofr-plot_daily_\d{8}_\d{6}\.tar\.gz$/);
  const archive = await readFile(join(sandbox.backups, 'daily', made.filename));
  expect(archive.length).toBe(made.size_bytes);
  expect(createHash('sha256').update(archive).digest('hex')).toBe(made.sha256);
});

test('list prints the listing, and its document has summary and entries', async () => {
  const { stdout, stderr } = await sandbox.run(['list']);
  expect(stderr).toBe('');
  const mb = (made.size_bytes / 1_048_576).toFixed(2);
  expect(stdout).toBe(
    `DAILY BACKUPS (1):\n${'-'.repeat(80)}\n  ${made.filename}\n` +
      `    Size: ${mb} MB | Age: 0 days | Verified: ✓\n    Created: ${made.timestamp.replace('T', ' ')}\n\n` +
      `SUMMARY:\n${'-'.repeat(80)}\nTotal Backups: 1\nTotal Size: ${mb} MB\n` +
      `Oldest: ${made.timestamp}\nNewest: ${made.timestamp}\n`,
  );
  const document = await sandbox.json(['list']);
  expect(document).toEqual({
    project: 'plot',
    backups: [expect.objectContaining({ filename: made.filename })],
    summary: {
      ...{ total: 1, size_bytes: made.size_bytes, disk_bytes: made.size_bytes },
      ...{ oldest: made.timestamp, newest: made.timestamp },
    },
  });
  expect(await sandbox.json(['list', '--tier', 'weekly'])).toMatchObject({ backups: [] });
  expect((await sandbox.run(['list', '--tier', 'monthly'])).stdout).toBe('No backups found\n');
});

test('show, files and cat look into it', async () => {
  expect(await sandbox.json(['show', made.filename])).toMatchObject({
    filename: made.filename,
    sha256: made.sha256,
  });
  expect((await sandbox.run(['show', 'latest'])).stdout).toContain(made.sha256);

  const { files } = await sandbox.json<{ files: { path: string; type: string; size: number }[] }>([
    'files',
    'latest',
  ]);
  const regular = files.filter(({ type }) => type === 'file').map(({ path }) => path);
  expect(regular.sort()).toEqual([
    'data/auth/tokens.json',
    'data/storage/chart.png',
    'data/storage/deep/näme with space.svg',
    'data/storage/metadata.json',
    'logs/app.log',
  ]);
  const below = await sandbox.run(['files', made.filename, 'data/storage/deep']);
  expect(below.stdout).toMatch(
    /^drwx.* data\/storage\/deep\/\n-rw.*\s6 .* data\/storage\/deep\/näme with space\.svg\n$/,
  );

  expect((await sandbox.run(['cat', 'latest', 'data/auth/tokens.json'])).stdout).toBe('{"t":"secret"}');
  const document = await sandbox.json<{ content: string }>(['cat', 'latest', 'logs/app.log']);
  expect(Buffer.from(document.content, 'base64').toString()).toBe('started\n'.repeat(1000));
});

test('verify and drill say that it is whole', async () => {
  expect(await sandbox.json(['verify', made.filename])).toEqual({
    results: [
      {
        ...{ filename: made.filename, ok: true, problems: [], files: 5 },
        ...{ bytes: expect.any(Number) as number, ms: expect.any(Number) as number },
      },
    ],
  });
  expect((await sandbox.run(['verify', made.filename])).stdout).toMatch(
    new RegExp(`^✓ ${made.filename}: 5 files, .* MB|KB in .*s\n$`),
  );
  expect(await sandbox.json(['drill'])).toEqual({ backup: made.filename, ok: true, files: 5, problems: [] });
  expect(await sandbox.json(['show', 'latest'])).toMatchObject({ last_drill_ok: true });
});

test('prune says what it keeps and why, without and with doing it', async () => {
  const document = await sandbox.json<{ decisions: { reasons: string[] }[] }>(['prune', '--dry-run']);
  expect(document).toMatchObject({
    dry_run: true,
    now: expect.stringMatching(/^\d{4}-/) as string,
    decisions: [{ filename: made.filename, tier: 'daily', action: 'keep' }],
  });
  expect(document.decisions[0]?.reasons.length).toBeGreaterThan(0);
  expect((await sandbox.run(['prune'])).stdout).toContain('0 backups removed, 1 kept');
});

test('restore brings back what was lost, exactly, and keeps what was there', async () => {
  const before = await readTree(sandbox.data, EXACT);
  await rm(join(sandbox.data, 'storage/deep'), { recursive: true });
  await writeFile(join(sandbox.data, 'storage/new.txt'), 'made after the backup');

  const preview = await sandbox.json(['restore', made.filename, '--dry-run']);
  expect(preview).toMatchObject({
    backup: made.filename,
    safety_backup: null,
    changes: { added: { files: 1 } },
  });

  const answer = await sandbox.json<{ safety_backup: string }>(['restore', made.filename, '--yes']);
  expect(answer).toMatchObject({ backup: made.filename, target: expect.any(String) as string, files: 5 });
  expect(await readTree(sandbox.data, EXACT)).toEqual(before);
  const safety = await sandbox.run(['cat', answer.safety_backup, 'data/storage/new.txt']);
  expect(safety.stdout).toBe('made after the backup');
});

test('restore --to needs no confirmation where nothing is overwritten', async () => {
  const answer = await sandbox.json(['restore', made.filename, '--to', 'elsewhere', '--only', 'auth']);
  expect(answer).toMatchObject({ target: join(sandbox.path, 'elsewhere'), safety_backup: null });
  expect(await readFile(join(sandbox.path, 'elsewhere/data/auth/tokens.json'), 'utf8')).toBe(
    '{"t":"secret"}',
  );
});

test('status without a service says so', async () => {
  expect(await sandbox.json(['status'])).toMatchObject({
    project: 'plot',
    service: { running: false, workers: 0 },
    queue: null,
    next_run: null,
    newest_good: { filename: expect.stringMatching(/^gofr-plot_daily_/) as string },
    lock: null,
  });
  expect((await sandbox.run(['status'])).stdout).toMatch(/^Service +not running$/m);
});

test('status without a service knows what commands have done, by whom and how it ended', async () => {
  await sandbox.json(['drill', '--here']);
  const { last_run, recent_jobs: jobs } = await sandbox.json<{
    last_run: unknown;
    recent_jobs: { name: string; by?: string }[];
  }>(['status']);
  expect(last_run).toMatchObject({ name: 'backup', state: 'completed', result: { backup: {} } });
  expect(jobs[0]).toMatchObject({ name: 'drill', state: 'completed', by: userInfo().username });
  expect((await sandbox.run(['status'])).stdout).toMatch(/^Last run +\S+ \S+, done, took /m);
});

test('rebuild makes a lost manifest again', async () => {
  await rm(join(sandbox.backups, 'manifest.json'));
  const { backups } = await sandbox.json<{ backups: Entry[] }>(['rebuild']);
  expect(backups.map(({ filename }) => filename)).toContain(made.filename);
  const manifest = JSON.parse(await readFile(join(sandbox.backups, 'manifest.json'), 'utf8')) as {
    version: number;
  };
  expect(manifest.version).toBe(1);
});

test('config shows every value with its source, and no secret', async () => {
  const env = { GOFR_PLOT_BACKUP_REDIS_URL: 'redis://:hunter2@localhost:1', GOFR_PLOT_BACKUP_KEEP_LST: '4' };
  const ran = await sandbox.run(['config', '--json'], env);
  expect(ran.stdout + ran.stderr).not.toContain('hunter2');
  const { settings, warnings } = JSON.parse(ran.stdout) as { settings: object[]; warnings: string[] };
  const redis = {
    name: 'REDIS_URL',
    value: 'redis://:***@localhost:1',
    source: 'GOFR_PLOT_BACKUP_REDIS_URL',
  };
  expect(settings).toContainEqual(expect.objectContaining(redis));
  expect(settings).toContainEqual(
    expect.objectContaining({ name: 'MAX_COUNT', value: '90', source: 'default' }),
  );
  expect(warnings).toHaveLength(1);
  expect(ran.stderr).toMatch(/KEEP_LST is not a setting; did you mean GOFR_PLOT_BACKUP_KEEP_LAST/);
});

test('a pruned backup comes back from the trash', async () => {
  await using other = await Sandbox.create({
    env: { BACKUP_MAX_COUNT: '1', BACKUP_KEEP_LAST: '0', BACKUP_TRASH_DAYS: '7' },
  });
  const { backup } = await other.json<{ backup: Entry }>(['now']);
  await other.json(['now']);
  expect(await other.json(['list'])).toMatchObject({ summary: { total: 1 } });
  expect(await other.json(['undelete', backup.filename])).toMatchObject({
    backup: { filename: backup.filename, pinned: true },
  });
  expect(await other.json(['verify', backup.filename, '--here'])).toMatchObject({ results: [{ ok: true }] });
  await other.json(['now']);
  expect((await other.run(['show', backup.filename])).stdout).toMatch(/pinned +yes/);
  expect((await other.json<{ backups: Entry[] }>(['list'])).backups).toContainEqual(
    expect.objectContaining({ filename: backup.filename, pinned: true }),
  );
  const { trash } = await other.json<{ trash: Entry[] }>(['undelete']);
  expect(trash).toMatchObject([{ tier: 'daily', trashed_at: expect.any(String) }]);
  expect((await other.run(['undelete'])).stdout).toContain(trash[0]?.filename);
  expect(await other.json(['list', '--trash'])).toEqual({ trash });
  expect(await other.json(['status'])).toMatchObject({
    trash: { total: trash.length, size_bytes: expect.any(Number) as number },
  });
  expect(await other.json(['unpin', backup.filename])).not.toMatchObject({ backup: { pinned: true } });
  expect(await other.json(['pin', backup.filename])).toMatchObject({ backup: { pinned: true } });
  expect((await other.run(['pin', 'nope.tar.gz'])).code).toBe(4);
  expect((await other.run(['undelete', 'nope.tar.gz'])).code).toBe(4);
});

test('what counts for nothing is told beside the listing: another project’s, and what is dated in the future', async () => {
  await using other = await Sandbox.create();
  const { backup } = await other.json<{ backup: Entry }>(['now']);
  const daily = join(other.backups, 'daily');
  const ahead = 'gofr-plot_daily_20990101_020000.tar.gz';
  await copyFile(join(daily, backup.filename), join(daily, ahead));
  await writeFile(join(daily, 'gofr-dig_daily_20251213_020000.tar.gz'), '');
  for (const verb of ['list', 'status']) {
    const { stdout, stderr } = await other.run([verb]);
    expect(stderr).toContain(ahead);
    expect(stderr).toContain('1 backup of another project (PREFIX=gofr-dig)');
    expect(stdout).not.toContain('gofr-dig');
    expect(await other.json([verb])).toMatchObject({
      future: [ahead],
      foreign: [{ prefix: 'gofr-dig', backups: 1 }],
    });
  }
  expect(await other.json(['status'])).toMatchObject({ newest_good: { filename: backup.filename } });
  expect((await other.run(['show', ahead])).stdout).toContain('in the future');
  const foreign = await other.run(['show', 'gofr-dig_daily_20251213_020000.tar.gz']);
  expect([foreign.code, foreign.stderr]).toEqual([4, expect.stringContaining('PREFIX=gofr-dig')]);
});

test('a directory adopted from nothing has no backups', async () => {
  await using empty = await Sandbox.create({ tree: {} });
  expect((await empty.run(['list'])).stdout).toBe('No backups found\n');
  expect(await empty.json(['list'])).toEqual({
    project: 'plot',
    backups: [],
    summary: { total: 0, size_bytes: 0, disk_bytes: 0, oldest: null, newest: null },
  });
});

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openArchive } from '@gofr-backup/archive';
import { type ProgressEvent, toBytePath } from '@gofr-backup/model';
import { compareTree } from '../recovery/compare.ts';
import { backup } from './backup.ts';
import { repositoryOf } from './context.ts';
import { drill } from './drill.ts';
import { fill, makeWorld, THEN, type World } from './restoring.fixture.ts';

let world: World;
let archive: string;

beforeAll(async () => {
  world = makeWorld();
  await fill(world, THEN);
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
});
afterAll(() => world.dispose());

const recordOf = async (name: string) => (await repositoryOf(world.ctx)).find(name);
const leftovers = () => {
  try {
    return readdirSync(join(world.plan.backupDir, '.gofr-backup/scratch'));
  } catch {
    return [];
  }
};

test('each phase of a drill knows its total', async () => {
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent) => void events.push(event);
  const { files } = await drill({ ...world.ctx, progress }, { backup: archive });
  expect(new Set(events.map(({ phase }) => phase))).toEqual(new Set(['verify', 'extract', 'compare']));
  for (const { phase, bytes, estimatedBytes, totalBytes = estimatedBytes, totalFiles } of events) {
    expect([phase, bytes <= (totalBytes ?? -1)]).toEqual([phase, true]);
    if (phase === 'compare') expect(totalFiles).toBe(files);
  }
});

test('a good backup passes, is recorded, and leaves nothing behind', async () => {
  const before = await recordOf(archive);
  const outcome = await drill(world.ctx, { backup: 'latest' });
  expect(outcome).toEqual({ backup: archive, ok: true, files: 13, problems: [] });
  const after = await recordOf(archive);
  expect(after).toMatchObject({ last_drill_ok: true, status: before.status });
  expect(after.last_drill_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(leftovers()).toEqual([]);
});

test('so does one that lost its index', async () => {
  const repository = await repositoryOf(world.ctx);
  rmSync(repository.indexPathOf(await recordOf(archive)));
  expect(await drill(world.ctx, { backup: archive })).toMatchObject({ ok: true, files: 13 });
});

test('a damaged one fails, and is corrupt from then on', async () => {
  await fill(world, THEN);
  const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
  const path = (await repositoryOf(world.ctx)).pathOf(await recordOf(filename));
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  rmSync(path);
  writeFileSync(path, bytes);
  const outcome = await drill(world.ctx, { backup: filename });
  expect(outcome.ok).toBe(false);
  expect(outcome.problems.length).toBeGreaterThan(0);
  expect(await recordOf(filename)).toMatchObject({
    status: 'corrupt',
    verified: false,
    last_drill_ok: false,
  });
  expect(leftovers()).toEqual([]);
});

test('one that lies otherwise on the disk of the drill fails it, and is not called corrupt for that', async () => {
  await fill(world, THEN);
  const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
  const before = await recordOf(filename);
  const progress: typeof world.ctx.progress = ({ phase, bytes, totalBytes }) => {
    if (phase !== 'extract' || bytes !== totalBytes) return;
    const [scratch = ''] = leftovers();
    const restored = join(world.plan.backupDir, '.gofr-backup/scratch', scratch, 'restored');
    // as on a file system without modes
    if (scratch !== '') chmodSync(join(restored, 'logs/app.log'), 0o777);
  };
  const outcome = await drill({ ...world.ctx, progress }, { backup: filename });
  expect(outcome).toMatchObject({ ok: false, problems: ['logs/app.log: has another mode'] });
  expect(await recordOf(filename)).toMatchObject({ status: before.status, last_drill_ok: false });
});

describe('databases', () => {
  function makeDatabase(path: string): void {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE t(x); CREATE INDEX i ON t(x)');
    db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000) INSERT INTO t SELECT i FROM n',
    );
    db.close();
  }
  function tear(path: string): void {
    const bytes = readFileSync(path);
    bytes.fill(0x5a, bytes.length - 8192, bytes.length - 4096);
    writeFileSync(path, bytes);
  }

  test('a torn one in an archive of the first generation fails the drill, by name', async () => {
    const source = join(world.base, 'first');
    mkdirSync(join(source, 'data/storage'), { recursive: true });
    makeDatabase(join(source, 'data/storage/app.db'));
    tear(join(source, 'data/storage/app.db'));
    const name = 'gofr-plot_daily_20240101_020000.tar.gz';
    execFileSync('tar', ['-C', source, '-czf', join(world.plan.backupDir, 'daily', name), 'data']);
    const outcome = await drill(world.ctx, { backup: name });
    expect(outcome).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^data\/storage\/app\.db: .*does not open whole/)],
    });
  });

  test('with links or hostile journals beside them are not opened, and that is said', async () => {
    const source = join(world.base, 'planted');
    const storage = join(source, 'data/storage');
    const outside = join(world.base, 'outside.db');
    mkdirSync(storage, { recursive: true });
    for (const name of ['linked.db', 'named.db']) makeDatabase(join(storage, name));
    symlinkSync(outside, join(storage, 'linked.db-journal'));
    const end = Buffer.from('d9d505f920a163d7', 'hex');
    writeFileSync(join(storage, 'named.db-journal'), Buffer.concat([Buffer.alloc(512), end]));
    const name = 'gofr-plot_daily_20240102_020000.tar.gz';
    execFileSync('tar', [
      '-C',
      source,
      '--sort=name',
      '-czf',
      join(world.plan.backupDir, 'daily', name),
      'data',
    ]);
    expect(await drill(world.ctx, { backup: name })).toMatchObject({
      ok: true,
      problems: [
        expect.stringMatching(/linked\.db: .*no regular file/),
        expect.stringMatching(/named\.db: .*several databases/),
      ],
    });
    expect(existsSync(outside)).toBe(false);
  });

  test('one that was damaged at its source, as the backup warned, is told and is no fault of the backup', async () => {
    await fill(world, THEN);
    const path = join(world.plan.dataDir, 'storage/app.db');
    makeDatabase(path);
    tear(path);
    const { backup: entry } = await backup(world.ctx, { trigger: 'manual' });
    expect(entry.warnings).toEqual([expect.objectContaining({ path: 'data/storage/app.db' })]);
    const outcome = await drill(world.ctx, { backup: entry.filename });
    expect(outcome).toMatchObject({ ok: true, problems: [expect.stringContaining('data/storage/app.db')] });
  });
});

test.each<[string, (root: string) => void, string]>([
  [
    'a changed byte',
    (root) => {
      const path = join(root, 'data/storage/chart.png');
      const bytes = readFileSync(path);
      bytes[1000]! ^= 1;
      writeFileSync(path, bytes);
      utimesSync(path, 1_700_000_000.25, 1_700_000_000.25);
    },
    'data/storage/again.png: has another content',
  ],
  [
    'a shorter file',
    (root) => {
      truncateSync(join(root, 'data/storage/hole'), 5);
      utimesSync(join(root, 'data/storage/hole'), 1, 1);
    },
    'data/storage/hole: has another modification time',
  ],
  [
    'a mode',
    (root) => chmodSync(join(root, 'data/auth/token.json'), 0o644),
    'data/auth/token.json: has another mode',
  ],
  [
    'a missing file',
    (root) => rmSync(join(root, 'logs/old/app.1.log')),
    'logs/old/app.1.log: was not restored',
  ],
  [
    'a file too many',
    (root) => writeFileSync(join(root, 'logs/extra'), ''),
    'logs/extra: is not in the archive',
  ],
  [
    'a link that is a copy',
    (root) => {
      const path = join(root, 'data/storage/chart.png');
      const bytes = readFileSync(path);
      rmSync(path);
      writeFileSync(path, bytes, { mode: 0o640 });
      utimesSync(path, 1_700_000_000.25, 1_700_000_000.25);
    },
    'is no longer the same file as its other name',
  ],
])('the second look sees %s', async (_, change, problem) => {
  await fill(world, THEN);
  const { backup: entry } = await backup(world.ctx, { trigger: 'manual' });
  const repository = await repositoryOf(world.ctx);
  const reader = await openArchive({
    ...world.ctx,
    archivePath: repository.pathOf(entry),
    indexPath: repository.indexPathOf(entry),
    threads: 1,
  });
  const directory = join(world.base, 'looked-at');
  try {
    mkdirSync(directory);
    await reader.extract({ ...world.ctx, directory });
    expect((await compareTree(reader, toBytePath(directory), world.ctx)).problems).toEqual([]);
    change(directory);
    const { problems } = await compareTree(reader, toBytePath(directory), world.ctx);
    expect(problems.map(({ path, message }) => `${path}: ${message}`).join('\n')).toContain(problem);
  } finally {
    rmSync(directory, { recursive: true });
    await reader.close();
  }
});

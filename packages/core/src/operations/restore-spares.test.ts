/** What no backup holds, and the backups themselves: no restore removes, covers or replaces them. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackupPlan, RestoreRequest } from '@gofr-backup/model';
import { backup } from './backup.ts';
import { restore } from './restore.ts';
import { contextFor, makeWorld, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
const manual = { trigger: 'manual' } as const;
let world: World;
let mounted: string[];

beforeEach(() => {
  world = makeWorld();
  mounted = [];
  write('data/storage/a.txt', 'then');
  write('data/auth/token', 'secret');
  write('logs/app.log', 'line');
});
afterEach(async () => {
  for (const place of mounted.toReversed()) execFileSync('umount', ['-l', place]);
  await world.dispose();
});

const at = (path: string): string => join(world.base, path);
function write(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}
const read = (path: string): string => readFileSync(at(path), 'utf8');
function bind(from: string, to: string): void {
  mkdirSync(at(to), { recursive: true });
  execFileSync('mount', ['--bind', at(from), at(to)]);
  mounted.push(at(to));
}

const make = async (plan: BackupPlan = world.plan): Promise<string> =>
  (await backup(contextFor(plan), manual)).backup.filename;
const bring = (plan: BackupPlan, request: Partial<RestoreRequest> & { backup: string }) =>
  restore(contextFor(plan), { safetyBackup: false, ...request });
const archivesIn = (backupDir: string): string[] =>
  readdirSync(join(backupDir, 'daily')).filter((name) => name.endsWith('.tar.gz'));
const namesIn = (archive: string): string[] =>
  execFileSync('tar', ['tf', archive]).toString().trimEnd().split('\n');

describe('what EXCLUDE leaves out', () => {
  test.each([
    'data/storage/cache/**',
    'data/*/cache/*',
    '**/cache/*.bin',
    'data/storage/ca*',
    'data/storage/[c]ache',
    './data/storage/cache',
    '/data/storage/cache/',
    'cache/',
    '*.{bin,tmp}',
    '*,!a.txt,!/data,!/data/storage,!token,!/data/auth,!/logs,!app.log',
  ])('by %s stays where it is', async (exclude) => {
    const plan = { ...world.plan, exclude: exclude.includes('{') ? [exclude] : exclude.split(',') };
    write('data/storage/cache/model.bin', 'precious');
    const archive = await make(plan);
    expect(namesIn(join(plan.backupDir, 'daily', archive)).join()).not.toContain('model.bin');
    write('data/storage/later', 'x');
    const preview = await bring(plan, { backup: archive, dryRun: true });
    expect(preview.changes?.removed.files).toBe(exclude.startsWith('*,') ? 0 : 1);
    await bring(plan, { backup: archive });
    expect(read('data/storage/cache/model.bin')).toBe('precious');
    expect(read('data/storage/a.txt')).toBe('then');
  });

  test('stays although an older archive holds another version, and an empty directory stays, too', async () => {
    write('data/storage/cache/deep/model.bin', 'old');
    write('data/storage/cache/once', 'brought back');
    const archive = await make();
    const plan = { ...world.plan, exclude: ['cache'] };
    write('data/storage/cache/deep/model.bin', 'new');
    rmSync(at('data/storage/cache/once'));
    mkdirSync(at('data/auth/cache'));
    await bring(plan, { backup: archive });
    expect(read('data/storage/cache/deep/model.bin')).toBe('new');
    expect(read('data/storage/cache/once')).toBe('brought back');
    expect(existsSync(at('data/auth/cache'))).toBe(true);
  });

  test('is told and not counted where the archive has it, too', async () => {
    write('data/storage/cache/model.bin', 'old');
    const archive = await make();
    const plan = { ...world.plan, exclude: ['cache'] };
    write('data/storage/cache/model.bin', 'new');
    const told = [expect.stringMatching(/^1 of the backup's files .* EXCLUDE.*cache\/model\.bin$/)];
    expect(await bring(plan, { backup: archive })).toMatchObject({ files: 3, warnings: told });
    const path = { backup: archive, paths: ['data/storage/cache/model.bin'] };
    expect(await bring(plan, path)).toMatchObject({ files: 0, bytes: 0, warnings: told });
    expect(read('data/storage/cache/model.bin')).toBe('new');
  });

  test('all of a component is told, and nothing of it is removed', async () => {
    const plan = { ...world.plan, exclude: ['logs'] };
    const made = await backup(contextFor(plan), manual);
    expect(made.backup.warnings).toMatchObject([{ code: 'excluded-component', path: 'logs' }]);
    const { warnings } = await bring(plan, { backup: made.backup.filename });
    expect(warnings).toEqual([expect.stringContaining('logs is not in this backup')]);
    expect(read('logs/app.log')).toBe('line');
  });
});

test('names like those of work directories: only the very names are left out, and these stay', async () => {
  write('data/storage/.gofr-restore-notes/x', 'mine');
  write('data/storage/sub/.gofr-restore-0123456789abcdef/x', 'mine, too');
  const made = await backup(world.ctx, manual);
  expect(made.backup.warnings).toMatchObject([{ code: 'work-directory' }]);
  write('data/storage/.gofr-restore-notes/x', 'changed');
  await bring(world.plan, { backup: made.backup.filename });
  expect(read('data/storage/.gofr-restore-notes/x')).toBe('mine');
  expect(read('data/storage/sub/.gofr-restore-0123456789abcdef/x')).toBe('mine, too');
});

test('a link is brought back by its own path, over the link that is there', async () => {
  symlinkSync('/dev/stdout', at('data/storage/out'));
  const archive = await make();
  for (const now of ['/dev/stdout', at('backups/daily')]) {
    rmSync(at('data/storage/out'));
    symlinkSync(now, at('data/storage/out'));
    await bring(world.plan, { backup: archive, paths: ['data/storage/out'] });
    expect(readlinkSync(at('data/storage/out'))).toBe('/dev/stdout');
  }
  expect(archivesIn(world.plan.backupDir)).toEqual([archive]);
});

describe('the backup directory inside a component', () => {
  /** Two backups, the second without the first in it; after a restore, and one by --merge, both are there. */
  async function expectSurvival(plan: BackupPlan): Promise<void> {
    const first = await make(plan);
    write('data/storage/a.txt', 'now');
    const second = await make(plan);
    expect(namesIn(join(plan.backupDir, 'daily', second)).join('\n')).not.toMatch(
      /tar\.gz|manifest|\.gofr-backup/,
    );
    await bring(plan, { backup: first, safetyBackup: true });
    expect(read('data/storage/a.txt')).toBe('then');
    await bring(plan, { backup: second, merge: true });
    expect(read('data/storage/a.txt')).toBe('now');
    expect(archivesIn(plan.backupDir)).toEqual(expect.arrayContaining([first, second]));
    expect(archivesIn(plan.backupDir)).toHaveLength(3);
  }

  test.each(['my+backups', '@backups', 'backups (old)', 'back[up]', 'backups!', '{a,b}', '!b', 'plain'])(
    'called %s',
    (name) => expectSurvival({ ...world.plan, backupDir: at(`data/storage/deep/${name}`) }),
  );

  test('below a DATA_DIR that is a link', async () => {
    symlinkSync(at('data'), at('alias'));
    const components = world.plan.components.map((one) => ({
      ...one,
      root: one.root.replace('/data/', '/alias/'),
    }));
    await expectSurvival({
      ...world.plan,
      dataDir: at('alias'),
      components,
      backupDir: at('data/storage/backups'),
    });
  });

  test('by a link, which is content', async () => {
    symlinkSync(at('backups'), at('data/storage/shortcut'));
    await expectSurvival(world.plan);
    expect(lstatSync(at('data/storage/shortcut')).isSymbolicLink()).toBe(true);
  });

  test.runIf(asRoot)('by a bind mount of it', async () => {
    mkdirSync(at('backups'));
    bind('backups', 'data/storage/mounted');
    await expectSurvival(world.plan);
  });

  test.runIf(asRoot)('where the archive has files: told, and refused as a path of its own', async () => {
    write('data/storage/spot/f', 'x');
    const archive = await make();
    rmSync(at('data/storage/spot'), { recursive: true });
    bind('backups', 'data/storage/spot');
    const whole = await bring(world.plan, { backup: archive });
    expect(whole).toMatchObject({ files: 3, warnings: [expect.stringContaining('the backup directory')] });
    for (const path of ['data/storage/spot', 'data/storage/spot/f'])
      await expect(bring(world.plan, { backup: archive, paths: [path] })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('lies inside the backup directory') as string,
      });
    expect(archivesIn(world.plan.backupDir)).toEqual([archive]);
  });

  test.runIf(asRoot)('by a bind mount of one of its parts', async () => {
    mkdirSync(at('backups/daily'), { recursive: true });
    bind('backups/daily', 'data/storage/deep/mounted');
    await expectSurvival(world.plan);
  });

  test.runIf(asRoot)('by a bind mount of a directory above it', async () => {
    mkdirSync(at('disk/x/y/backups'), { recursive: true });
    bind('disk', 'data/storage/disk');
    await expectSurvival({ ...world.plan, backupDir: at('disk/x/y/backups') });
  });

  test.runIf(asRoot)('that is a volume of its own', async () => {
    mkdirSync(at('data/storage/volume'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', at('data/storage/volume')]);
    mounted.push(at('data/storage/volume'));
    await expectSurvival({ ...world.plan, backupDir: at('data/storage/volume') });
  });
});

describe('a component root that leads away', () => {
  const LINKED = { code: 'CONFIG', message: expect.stringContaining('is a symlink') as string };

  test.each(['backups/daily', 'backups', 'backups/.gofr-backup', 'elsewhere'])(
    'as a link to %s is refused by backup and restore',
    async (target) => {
      write('elsewhere/x', 'outside');
      const archive = await make();
      rmSync(at('data/storage'), { recursive: true });
      symlinkSync(at(target), at('data/storage'));
      await expect(make()).rejects.toMatchObject(LINKED);
      for (const request of [{}, { only: ['storage'] }, { paths: ['data/storage/a.txt'] }, { merge: true }])
        await expect(bring(world.plan, { backup: archive, ...request })).rejects.toMatchObject(LINKED);
      expect(archivesIn(world.plan.backupDir)).toEqual([archive]);
      expect(read('elsewhere/x')).toBe('outside');
      await bring(world.plan, { backup: archive, to: at('out') });
      await bring(world.plan, { backup: archive, only: ['auth'] });
      expect(read('out/data/storage/a.txt')).toBe('then');
    },
  );

  test('below DATA_DIR, on the way to the root', async () => {
    const deep = {
      name: 'deep',
      root: at('data/sub/deep'),
      archivePath: 'data/sub/deep',
      select: 'all' as const,
    };
    const plan = { ...world.plan, components: [deep] };
    write('data/sub/deep/f', 'x');
    const archive = await make(plan);
    renameSync(at('data/sub'), at('moved'));
    symlinkSync(at('moved'), at('data/sub'));
    await expect(make(plan)).rejects.toMatchObject(LINKED);
    await expect(bring(plan, { backup: archive })).rejects.toMatchObject(LINKED);
  });

  test('to nowhere is a component that is missing when links are followed', async () => {
    const plan = { ...world.plan, followRootLinks: true };
    rmSync(at('data/storage'), { recursive: true });
    symlinkSync(at('nowhere'), at('data/storage'));
    const { backup: made } = await backup(contextFor(plan), manual);
    expect(made.warnings).toMatchObject([{ code: 'missing-component' }]);
  });

  test('to the backups is refused even when links are followed', async () => {
    const plan = { ...world.plan, followRootLinks: true };
    const archive = await make(plan);
    rmSync(at('data/storage'), { recursive: true });
    symlinkSync(at('backups/daily'), at('data/storage'));
    const refusal = {
      code: 'CONFIG',
      message: expect.stringContaining('part of the backup directory') as string,
    };
    await expect(make(plan)).rejects.toMatchObject(refusal);
    await expect(bring(plan, { backup: archive })).rejects.toMatchObject(refusal);
    expect(archivesIn(plan.backupDir)).toEqual([archive]);
  });

  test.runIf(asRoot)('as a bind mount of the backups is refused', async () => {
    const archive = await make();
    bind('backups/daily', 'data/auth');
    await expect(bring(world.plan, { backup: archive })).rejects.toMatchObject({ code: 'CONFIG' });
    expect(archivesIn(world.plan.backupDir)).toEqual([archive]);
  });

  test.each(['extract', 'flush'])(
    'planted at the step %s of a restore is found before the swap',
    async (moment) => {
      const archive = await make();
      write('data/storage/a.txt', 'now');
      const plant = (step: string) => {
        if (step !== moment || lstatSync(at('data/storage')).isSymbolicLink()) return;
        renameSync(at('data/storage'), at('stolen'));
        symlinkSync(at('backups/daily'), at('data/storage'));
      };
      const attempt = restore(world.ctx, { backup: archive }, { step: plant });
      await expect(attempt).rejects.toMatchObject({ code: 'FAILED' });
      expect(archivesIn(world.plan.backupDir)).toContain(archive);
      expect(read('stolen/a.txt')).toBe('now');
    },
  );
});

test.runIf(asRoot)('a directory above a volume that becomes a link meanwhile is not followed', async () => {
  mkdirSync(at('volume'));
  bind('volume', 'data/storage/sub/volume');
  write('data/storage/sub/volume/a', 'then');
  const backup = await make();
  write('data/storage/sub/volume/a', 'now');
  write('outside/volume/a', 'precious');
  const swapDirectory = (name: string) => {
    if (name !== 'flush') return;
    renameSync(at('data/storage/sub'), at('data/storage/moved'));
    symlinkSync(at('outside'), at('data/storage/sub'));
    for (const workDir of readdirSync(at('data/storage/moved/volume')).filter((one) => one !== 'a'))
      mkdirSync(at(`outside/volume/${workDir}/new`), { recursive: true });
  };
  mounted = [at('data/storage/moved/volume')];
  const restoring = restore(world.ctx, { backup, safetyBackup: false }, { step: swapDirectory });
  await expect(restoring).rejects.toMatchObject({
    code: 'FAILED',
    hint: expect.stringContaining('Nothing was'),
  });
  expect(read('outside/volume/a')).toBe('precious');
  expect(read('data/storage/moved/volume/a')).toBe('now');
});

describe('--merge removes nothing', () => {
  test.each([
    ['a directory', 'a file', (path: string) => write(`${path}/precious`, 'only copy')],
    ['a FIFO', 'a file', (path: string) => execFileSync('mkfifo', [at(path)])],
  ])('%s stands where the archive has %s', async (_here, _there, put) => {
    const archive = await make();
    rmSync(at('data/storage/a.txt'));
    put('data/storage/a.txt');
    for (const request of [
      { merge: true },
      { merge: true, dryRun: true },
      { merge: true, paths: ['data/storage'] },
    ])
      await expect(bring(world.plan, { backup: archive, ...request })).rejects.toMatchObject({
        message: expect.stringContaining('data/storage/a.txt is in the way') as string,
      });
    expect(lstatSync(at('data/storage/a.txt')).isFile()).toBe(false);
  });

  test('a file, or a link, stands where the archive has a directory', async () => {
    write('data/storage/group/inner', 'x');
    const archive = await make();
    rmSync(at('data/storage/group'), { recursive: true });
    const refused = { message: expect.stringContaining('data/storage/group is in the way') as string };
    write('data/storage/group', 'a file now');
    await expect(bring(world.plan, { backup: archive, merge: true })).rejects.toMatchObject(refused);
    expect(read('data/storage/group')).toBe('a file now');
    rmSync(at('data/storage/group'));
    symlinkSync(at('logs'), at('data/storage/group'));
    await expect(bring(world.plan, { backup: archive, merge: true })).rejects.toMatchObject(refused);
    expect(existsSync(at('logs/inner'))).toBe(false);
  });

  test('with --to, too', async () => {
    const archive = await make();
    write('out/data/storage/a.txt/precious', 'only copy');
    await expect(bring(world.plan, { backup: archive, merge: true, to: at('out') })).rejects.toMatchObject({
      message: expect.stringContaining('is in the way') as string,
    });
    expect(read('out/data/storage/a.txt/precious')).toBe('only copy');
  });
});

test('sockets, FIFOs and devices that are there stay', async () => {
  const archive = await make();
  mkdirSync(at('data/storage/run'));
  execFileSync('mkfifo', [at('data/storage/run/pipe')]);
  write('data/storage/run/later', 'x');
  await bring(world.plan, { backup: archive });
  expect(lstatSync(at('data/storage/run/pipe')).isFIFO()).toBe(true);
  expect(existsSync(at('data/storage/run/later'))).toBe(false);
});

test('--to below DATA_DIR follows no link that the application could have put there', async () => {
  const archive = await make();
  mkdirSync(at('victim'));
  symlinkSync(at('victim'), at('data/storage/mirror'));
  for (const to of ['data/storage/mirror', 'data/storage/mirror/deep'])
    await expect(bring(world.plan, { backup: archive, to: at(to), merge: true })).rejects.toMatchObject({
      code: 'CONFIG',
    });
  expect(readdirSync(at('victim'))).toEqual([]);
  await bring(world.plan, { backup: archive, to: at('data/storage/copy') });
  expect(read('data/storage/copy/data/storage/a.txt')).toBe('then');
});

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hostileTar, makeTree, readTree } from '@gofr-backup/testing';
import { backup } from './backup.ts';
import { repositoryOf, underLock } from './context.ts';
import { describeRestore } from './describe-restore.ts';
import { restore } from './restore.ts';
import { verify } from './verify/index.ts';
import { contextFor, fill, makeWorld, NOW, present, THEN, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
let world: World;
let then: Record<string, unknown>;
let now: Record<string, unknown>;
let archive: string;

beforeAll(async () => {
  world = makeWorld();
  await fill(world, THEN);
  then = await present(world);
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
});
afterAll(() => world.dispose());

async function withNow(): Promise<void> {
  await fill(world, NOW);
  now = await present(world);
}
const names = (tree: Record<string, unknown>) => Object.keys(tree);
const quick = { safetyBackup: false };
const run = (request: object) => restore(world.ctx, { backup: archive, ...quick, ...request });

test('every component becomes exactly what the archive holds, after a safety backup of what was', async () => {
  await withNow();
  const outcome = await restore(world.ctx, { backup: archive });
  expect(await present(world)).toEqual(then);
  expect(outcome).toMatchObject({ backup: archive, target: world.plan.dataDir });
  expect(outcome.safety_backup).toMatch(/^gofr-plot_daily_/);
  expect(readdirSync(world.plan.dataDir).toSorted()).toEqual(['auth', 'storage']);
  expect(readdirSync(join(world.base)).filter((name) => name.startsWith('.'))).toEqual([]);

  await run({ backup: outcome.safety_backup! });
  expect(await present(world)).toEqual(now);
});

test.runIf(asRoot)('restored by root, the backups still belong to the service that makes them', async () => {
  const other = makeWorld();
  const as = (uid: number) => {
    if (uid === 0) process.seteuid!(0);
    process.setegid!(uid);
    if (uid !== 0) process.seteuid!(uid);
  };
  try {
    await fill(other, THEN);
    mkdirSync(other.plan.backupDir);
    execFileSync('chown', ['-R', '1000:1000', other.base]);
    const { filename } = (await backup(other.ctx, { trigger: 'manual' })).backup;
    const { safety_backup } = await restore(other.ctx, { backup: filename });
    as(1000);
    const { results } = await verify(other.ctx, { names: [filename, safety_backup!] });
    expect(results.map(({ ok, problems }) => [ok, problems])).toEqual([
      [true, []],
      [true, []],
    ]);
  } finally {
    as(0);
    await other.dispose();
  }
});

test('missing data comes back, without a safety backup of nothing', async () => {
  rmSync(join(world.base, 'data'), { recursive: true });
  rmSync(join(world.base, 'logs'), { recursive: true });
  const { safety_backup } = await restore(world.ctx, { backup: 'latest' === archive ? '' : archive });
  expect({ safety_backup, data: await present(world) }).toEqual({ safety_backup: null, data: then });
});

test('--only restores the named components and leaves the others', async () => {
  await withNow();
  await run({ only: ['auth'] });
  const after = await present(world);
  for (const path of new Set([...names(after), ...names(now), ...names(then)]))
    expect([path, after[path]]).toEqual([path, (path.startsWith('data/auth') ? then : now)[path]]);
  await expect(run({ only: ['charts'] })).rejects.toMatchObject({
    code: 'USAGE',
    why: expect.stringContaining('storage, auth, logs'),
  });
});

test('--only metadata lays just these files over', async () => {
  await withNow();
  await run({ only: ['metadata'] });
  const after = await present(world);
  expect(names(after)).toEqual(names(now));
  expect(after['data/storage/metadata.json']).toEqual(then['data/storage/metadata.json']);
  expect(after['data/storage/group/a.metadata.json']).toEqual(then['data/storage/group/a.metadata.json']);
  expect(after['data/storage/chart.png']).toEqual(now['data/storage/chart.png']);
});

test('--merge lays the archive over what is there', async () => {
  await withNow();
  rmSync(join(world.base, 'data/storage/empty'));
  now = await present(world);
  await run({ merge: true });
  const after = await present(world);
  expect(names(after)).toEqual(
    [...new Set([...names(now), ...names(then)])].toSorted(
      (a, b) => names(after).indexOf(a) - names(after).indexOf(b),
    ),
  );
  for (const path of names(then)) expect([path, after[path]]).toEqual([path, then[path]]);
  expect(after['data/storage/later.png']).toEqual(now['data/storage/later.png']);
});

describe('--path', () => {
  test('swaps one directory, or one file', async () => {
    await withNow();
    await run({ paths: ['data/storage/group', 'data/auth/token.json'] });
    const after = await present(world);
    const isTaken = (path: string): boolean =>
      path.startsWith('data/storage/group') || path === 'data/auth/token.json';
    // the directories above have a new child, and so a new time
    const above = ['data/storage', 'data/auth'];
    const paths = [...new Set([...names(after), ...names(now)])].filter((path) => !above.includes(path));
    for (const path of paths) expect([path, after[path]]).toEqual([path, (isTaken(path) ? then : now)[path]]);
  });

  test('brings missing parents along, and names what is not there', async () => {
    await withNow();
    rmSync(join(world.base, 'data/storage'), { recursive: true });
    await run({ paths: ['data/storage/group/inner'] });
    expect(readdirSync(join(world.base, 'data/storage'), { recursive: true })).toEqual([
      'group',
      'group/inner',
    ]);
    await expect(run({ paths: ['data/storage/nothing'] })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run({ paths: ['../etc'] })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('brings all that is named below one missing directory', async () => {
    await withNow();
    rmSync(join(world.plan.dataDir, 'storage/group'), { recursive: true });
    await run({ paths: ['data/storage/group/inner', 'data/storage/group/a.metadata.json'] });
    const after = names(await present(world)).filter((name) => name.startsWith('data/storage/group/'));
    expect(after.toSorted()).toEqual(['data/storage/group/a.metadata.json', 'data/storage/group/inner']);
  });

  test('never follows a link that took a directory’s place', async () => {
    await withNow();
    rmSync(join(world.base, 'data/storage/group'), { recursive: true });
    mkdirSync(join(world.base, 'elsewhere'), { recursive: true });
    symlinkSync(join(world.base, 'elsewhere'), join(world.base, 'data/storage/group'));
    await expect(run({ paths: ['data/storage/group/inner'] })).rejects.toMatchObject({ code: 'USAGE' });
    expect(readdirSync(join(world.base, 'elsewhere'))).toEqual([]);
  });
});

describe('--to', () => {
  afterEach(() => rmSync(join(world.base, 'out'), { recursive: true, force: true }));

  test('extracts into a new directory and leaves the components', async () => {
    await withNow();
    const out = join(world.base, 'out/new');
    expect(await run({ to: out })).toMatchObject({ target: out, safety_backup: null });
    expect(await present(world)).toEqual(now);
    expect(await present({ ...world, base: out })).toEqual(then);
    expect(readdirSync(out).toSorted()).toEqual(['data', 'logs']);
  });

  test('with --only metadata takes the metadata of storage alone', async () => {
    await fill(world, THEN);
    await makeTree(world.base, { data: { auth: { 'metadata.json': 'of auth' } } });
    const made = await backup(world.ctx, { trigger: 'manual' });
    const out = join(world.base, 'out');
    await run({ backup: made.backup.filename, to: out, only: ['metadata'] });
    expect(names(await readTree(out))).toEqual([
      ...['data', 'data/storage', 'data/storage/group'],
      ...['data/storage/group/a.metadata.json', 'data/storage/metadata.json'],
    ]);
  });

  test('wants it empty, unless merging; and never inside the backups', async () => {
    const out = join(world.base, 'out');
    await makeTree(out, { mine: 'x', logs: { 'app.log': 'mine' } });
    await expect(run({ to: out })).rejects.toMatchObject({ code: 'USAGE', why: 'it is not empty' });
    await run({ to: out, merge: true, paths: ['logs'] });
    expect(readFileSync(join(out, 'logs/app.log'), 'utf8')).toBe('line 1\n');
    expect(readdirSync(out).toSorted()).toEqual(['logs', 'mine']);
    await expect(run({ to: join(world.plan.backupDir, 'daily/x') })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

test('--dry-run counts what would be added, replaced, removed and unchanged, and writes nothing', async () => {
  await withNow();
  writeFileSync(join(world.base, 'logs/same.log'), '');
  const before = await present(world);
  const { changes } = await run({ dryRun: true });
  expect(await present(world)).toEqual(before);
  await run({});
  const after = await present(world);
  const isFile = (tree: Record<string, unknown>, path: string) =>
    path in tree && (tree[path] as { type: string }).type !== 'directory';
  const count = (which: (path: string) => boolean) =>
    [...new Set([...names(before), ...names(after)])].filter(which).length;
  expect(changes?.added.files).toBe(count((path) => isFile(after, path) && !isFile(before, path)));
  expect(changes?.removed.files).toBe(count((path) => isFile(before, path) && !isFile(after, path)));
  expect(changes!.replaced.files + changes!.unchanged.files).toBe(
    count((path) => isFile(before, path) && isFile(after, path)),
  );
  const again = await run({ dryRun: true });
  expect(again.changes).toMatchObject({ added: { files: 0 }, replaced: { files: 0 }, removed: { files: 0 } });
});

test('--dry-run finds nothing behind a link that took a directory’s place', async () => {
  await withNow();
  const [group, elsewhere] = [join(world.base, 'data/storage/group'), join(world.base, 'elsewhere')];
  rmSync(group, { recursive: true });
  rmSync(elsewhere, { recursive: true, force: true });
  await makeTree(elsewhere, { 'a.metadata.json': '{}', inner: 'y' });
  symlinkSync(elsewhere, group);
  const { changes } = await run({ paths: ['data/storage/group'], dryRun: true });
  expect(changes).toMatchObject({
    added: { files: 2 },
    replaced: { files: 0 },
    removed: { files: 1, bytes: 0 },
    unchanged: { files: 0 },
  });
});

test('an archive that would put a link where a component lies is refused, and nothing behind it is touched', async () => {
  await withNow();
  const outside = join(world.base, 'outside');
  await makeTree(outside, { storage: { precious: 'precious' } });
  const daily = join(world.plan.backupDir, 'daily');
  for (const [second, name, link] of [
    ['01', 'data', outside],
    ['02', 'data/storage', join(outside, 'storage')],
  ] as const) {
    const filename = `gofr-plot_daily_20200101_0000${second}.tar`;
    const log = { name: 'logs/app.log', content: 'x' };
    writeFileSync(join(daily, filename), hostileTar([{ name, type: '2', link }, log]));
    await expect(run({ backup: filename })).rejects.toMatchObject({ code: 'ARCHIVE_HOSTILE' });
    expect(await present(world)).toEqual(now);
    expect(readdirSync(join(outside, 'storage'))).toEqual(['precious']);
    rmSync(join(daily, filename));
  }
});

test('an index that hides such a link is found out before the plan that it led to is carried out', async () => {
  await withNow();
  const outside = join(world.base, 'outside');
  const daily = join(world.plan.backupDir, 'daily');
  const codec = { name: 'none', level: 0 } as const;
  const made = await backup(contextFor({ ...world.plan, codec }), { trigger: 'manual' });
  const innocent = join(daily, made.backup.filename);
  const filename = 'gofr-plot_daily_20200101_000003.tar';
  const entries = [{ name: 'data/storage', type: '2', link: outside } as const];
  const hostile = Buffer.alloc(readFileSync(innocent).length);
  hostileTar(entries).copy(hostile);
  writeFileSync(join(daily, filename), hostile);
  copyFileSync(`${innocent}.idx`, join(daily, `${filename}.idx`));
  const request = { backup: filename, only: ['storage'] };
  await expect(run(request)).rejects.toMatchObject({ code: 'ARCHIVE_HOSTILE' });
  expect(await present(world)).toEqual(now);
  for (const path of [innocent, join(daily, filename)])
    for (const suffix of ['', '.idx', '.sha256', '.json']) rmSync(`${path}${suffix}`, { force: true });
});

test('what would be overwritten is described', async () => {
  await withNow();
  const { targets, backup: entry } = await describeRestore(world.ctx, { backup: archive });
  expect(entry.filename).toBe(archive);
  expect(targets.map(({ components, effect, present: there }) => [components, effect, there.files])).toEqual([
    [['storage'], 'replace', 6],
    [['auth'], 'replace', 2],
    [['logs'], 'replace', 1],
  ]);
});

test('it is said which newer backups `latest` passes over, and what an incomplete one lacks', async () => {
  await withNow();
  const other = makeWorld();
  try {
    await fill(other, THEN);
    const first = (await backup(other.ctx, { trigger: 'manual' })).backup.filename;
    const second = (await backup(other.ctx, { trigger: 'manual' })).backup.filename;
    const warnings = [{ code: 'unreadable', path: 'data/storage/secret', message: 'may not be read' }];
    await underLock(other.ctx, 'test', (repository) =>
      repository.update(second, { status: 'incomplete', warnings }),
    );
    const latest = await describeRestore(other.ctx, { backup: 'latest' });
    expect(latest.backup.filename).toBe(first);
    expect(latest.warnings).toEqual([`${second} is newer, but incomplete: passed over`]);
    await underLock(other.ctx, 'test', (repository) =>
      repository.update(second, { status: 'good', created_at: '2099-01-01T00:00:00.000Z' }),
    );
    const past = await describeRestore(other.ctx, { backup: 'latest' });
    expect(past.backup.filename).toBe(first);
    expect(past.warnings).toEqual([`${second} is dated in the future: passed over`]);
    await underLock(other.ctx, 'test', (repository) =>
      repository.update(second, { status: 'incomplete', created_at: '2025-12-13T02:00:00.000Z' }),
    );
    const named = await describeRestore(other.ctx, { backup: second });
    expect(named.warnings).toEqual([expect.stringContaining('data/storage/secret')]);
  } finally {
    await other.dispose();
  }
});

describe('what is left alone', () => {
  test('excluded files, which no backup holds', async () => {
    await withNow();
    const ctx = contextFor({ ...world.plan, exclude: ['data/storage/extra', '**/*.cache'] });
    await makeTree(join(world.base, 'data/storage'), { extra: { a: '1' }, group: {}, 'b.cache': '2' });
    await restore(ctx, { backup: archive, ...quick });
    const after = await present(world);
    expect(after).toMatchObject({
      'data/storage/extra/a': { content: '1' },
      'data/storage/b.cache': { content: '2' },
    });
    expect(names(after).filter((path) => !(path in then))).toEqual([
      'data/storage/b.cache',
      'data/storage/extra',
      'data/storage/extra/a',
    ]);
  });

  test('metadata files, when they are not among the components', async () => {
    const other = makeWorld();
    try {
      const [storage, ...rest] = other.plan.components;
      const plan = {
        ...other.plan,
        components: [{ ...storage!, select: 'without-metadata' as const }, ...rest],
      };
      await fill(other, THEN);
      const { backup: entry } = await backup(contextFor(plan), { trigger: 'manual' });
      await fill(other, NOW);
      const before = await present(other);
      await restore(contextFor(plan), { backup: entry.filename, ...quick });
      const after = await present(other);
      expect(after['data/storage/metadata.json']).toEqual(before['data/storage/metadata.json']);
      expect(after['data/storage/chart.png']).toEqual(then['data/storage/chart.png']);
      expect('data/storage/later.png' in after).toBe(false);
    } finally {
      await other.dispose();
    }
  });

  test('the backups themselves, when they lie inside a component', async () => {
    const inside = makeWorld();
    try {
      const backupDir = join(inside.base, 'data/storage/backups');
      const plan = {
        ...inside.plan,
        backupDir,
      };
      await fill(inside, THEN);
      const { backup: entry } = await backup(contextFor(plan), { trigger: 'manual' });
      await restore(contextFor(plan), { backup: entry.filename, ...quick });
      expect(existsSync(join(backupDir, 'daily', entry.filename))).toBe(true);
    } finally {
      await inside.dispose();
    }
  });
});

describe('nothing is changed', () => {
  const expectUnchanged = async (attempt: Promise<unknown>, error: object) => {
    await expect(attempt).rejects.toMatchObject(error);
    expect(await present(world)).toEqual(now);
    expect(readdirSync(world.plan.dataDir).filter((name) => name.startsWith('.'))).toEqual([]);
  };

  test('by a damaged archive, which is marked', async () => {
    await fill(world, THEN);
    writeFileSync(
      join(world.base, 'data/storage/noise'),
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)),
    );
    const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
    await withNow();
    const repository = await repositoryOf(world.ctx);
    const entry = await repository.find(filename);
    const path = repository.pathOf(entry);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 0x10;
    rmSync(path);
    writeFileSync(path, bytes);
    await expectUnchanged(run({ backup: filename }), { code: 'ARCHIVE_DAMAGED' });
    expect((await repository.find(filename)).status).toBe('corrupt');
    truncateSync(path, 100);
    await expectUnchanged(run({ backup: filename }), { code: 'ARCHIVE_DAMAGED' });
  });

  test('by an archive of components that are not configured', async () => {
    await withNow();
    const ctx = contextFor({ ...world.plan, components: world.plan.components.slice(0, 2) });
    await expectUnchanged(restore(ctx, { backup: archive, ...quick }), {
      code: 'USAGE',
      hint: expect.stringContaining('--to'),
    });
  });

  test('by a name that is none', async () => {
    await withNow();
    await expectUnchanged(run({ backup: 'gofr-plot_daily_20200101_000000.tar.gz' }), {
      code: 'NO_SUCH_BACKUP',
    });
  });

  test.skipIf(asRoot)('without the right to write', async () => {
    await withNow();
    await expectUnchanged(run({ to: '/gofr-restored' }), { code: 'PERMISSION' });
  });

  test.runIf(asRoot)('on a read-only mount: the restore service is named', async () => {
    await withNow();
    if (!mount('--bind', '-o', 'ro', world.plan.dataDir, world.plan.dataDir)) return;
    try {
      await expectUnchanged(run({}), { code: 'IO', hint: expect.stringContaining('run --rm restore') });
    } finally {
      execFileSync('umount', [world.plan.dataDir]);
    }
  });

  test.runIf(asRoot)('where there is no room', async () => {
    await withNow();
    if (!mount('-t', 'tmpfs', '-o', 'size=64k', 'none', join(world.base, 'data/auth'))) return;
    try {
      await makeTree(join(world.base, 'data/auth'), { 'token.json': 'now' });
      execFileSync('dd', ['if=/dev/zero', `of=${join(world.base, 'data/auth/full')}`, 'bs=1k', 'count=56'], {
        stdio: 'ignore',
      });
      await expect(run({})).rejects.toMatchObject({
        code: 'DISK_FULL',
        why: expect.stringContaining('beside the present'),
      });
      expect(readdirSync(join(world.base, 'data/auth')).toSorted()).toEqual(['full', 'token.json']);
    } finally {
      execFileSync('umount', [join(world.base, 'data/auth')]);
    }
  });
});

function mount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    console.info('skipped: mounting is not allowed here');
    return false;
  }
}

test.runIf(asRoot)(
  'components that are volumes of their own become exactly what the archive holds',
  async () => {
    await withNow();
    const at = (name: string) => join(world.base, name);
    mkdirSync(at('volume'), { recursive: true });
    if (!mount('-t', 'tmpfs', 'none', at('logs'))) return;
    mount('--bind', at('volume'), at('data/auth'));
    try {
      await makeTree(at('logs'), { 'app.log': 'now', gone: '' });
      await makeTree(at('data/auth'), { 'token.json': 'now', gone: { x: '' } });
      await run({});
      expect(await present(world)).toEqual(then);
    } finally {
      execFileSync('umount', [at('logs')]);
      execFileSync('umount', [at('data/auth')]);
    }
  },
);

describe.runIf(asRoot)('a volume inside a component', () => {
  const at = (name: string) => join(world.base, name);
  async function withVolume(place: string, work: () => Promise<void>): Promise<void> {
    await withNow();
    mkdirSync(at('inner-volume'), { recursive: true });
    mkdirSync(at(place), { recursive: true });
    if (!mount('--bind', at('inner-volume'), at(place))) return;
    try {
      await work();
    } finally {
      execFileSync('umount', [at(place)]);
      rmSync(at('inner-volume'), { recursive: true });
    }
  }

  test('that was mounted since the backup is emptied, as a directory would be removed', () =>
    withVolume('data/auth/cache', async () => {
      await makeTree(at('inner-volume'), { since: 'x' });
      await run({ only: ['auth'] });
      expect(readFileSync(at('data/auth/token.json'), 'utf8')).not.toBe('now');
      expect(readdirSync(at('inner-volume'))).toEqual([]);
    }));

  test('gets nothing that was not asked for', () =>
    withVolume('out/data/storage', async () => {
      await run({ to: at('out'), merge: true, paths: ['data/auth'] });
      expect(readdirSync(at('out/data')).toSorted()).toEqual(['auth', 'storage']);
      expect(readdirSync(at('inner-volume'))).toEqual([]);
    }));

  test('keeps the metadata files that no component has', () =>
    withVolume('data/storage/group', async () => {
      await makeTree(at('inner-volume'), { 'a.metadata.json': 'mine' });
      const [storage, ...others] = world.plan.components;
      const components = [{ ...storage!, select: 'without-metadata' as const }, ...others];
      const ctx = contextFor({ ...world.plan, components });
      await restore(ctx, { backup: archive, ...quick, only: ['storage'] });
      expect(readFileSync(at('inner-volume/a.metadata.json'), 'utf8')).toBe('mine');
      expect(readFileSync(at('inner-volume/inner'), 'utf8')).toBe('y');
    }));
});

test('a component root that is a link may be followed: it stays one, what it leads to is restored', async () => {
  await withNow();
  const [storage, elsewhere] = [join(world.base, 'data/storage'), join(world.base, 'big-disk')];
  rmSync(storage, { recursive: true });
  await makeTree(elsewhere, { old: '' });
  symlinkSync(elsewhere, storage);
  const ctx = contextFor({ ...world.plan, followRootLinks: true });
  await restore(ctx, { backup: archive, ...quick, only: ['storage'] });
  expect(await readTree(elsewhere)).toEqual(
    Object.fromEntries(
      names(then)
        .filter((path) => path.startsWith('data/storage/'))
        .map((path) => [
          path.slice('data/storage/'.length),
          expect.objectContaining({ type: (then[path] as { type: string }).type }),
        ]),
    ),
  );
  expect(readFileSync(join(storage, 'metadata.json'), 'utf8')).toBe('{"charts":1}');
  rmSync(storage);
});

/** What is mounted inside a component and cannot be replaced: named before the work, and the rest goes on. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RestoreRequest } from '@gofr-backup/model';
import { backup } from './backup.ts';
import { describeRestore } from './describe-restore.ts';
import { restore } from './restore.ts';
import { makeWorld, type World } from './restoring.fixture.ts';

let world: World;
let mounted: string[];
let archive: string;
const at = (path: string): string => join(world.base, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const bring = (request: Partial<RestoreRequest> = {}) =>
  restore(world.ctx, { backup: archive, safetyBackup: false, ...request });

function write(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

function bind(from: string, to: string, options = 'rw'): void {
  execFileSync('mount', ['--bind', at(from), at(to)]);
  mounted.push(at(to));
  if (options !== 'rw') execFileSync('mount', ['-o', `remount,${options},bind`, at(to)]);
}

const canMount = ((): boolean => {
  const place = mkdtempSync(join(tmpdir(), 'can-mount-'));
  try {
    execFileSync('mount', ['--bind', place, place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    return true;
  } catch {
    console.info('skipped: mounting is not allowed here');
    return false;
  } finally {
    rmdirSync(place);
  }
})();

beforeEach(() => {
  world = makeWorld();
  mounted = [];
  for (const path of ['data/storage/a', 'data/storage/volume/inner/b', 'data/auth/token', 'logs/l'])
    write(path, 'then');
  write('data/storage/conf', 'below the mount');
  write('elsewhere/conf', 'mounted');
  write('elsewhere/volume/inner/b', 'mounted');
});
afterEach(async () => {
  for (const place of mounted.toReversed()) execFileSync('umount', ['-l', place]);
  await world.dispose();
});

async function backUp(): Promise<void> {
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
  for (const path of ['data/storage/a', 'data/auth/token', 'logs/l']) write(path, 'now');
}

const workDirs = (): string[] =>
  readdirSync(world.base, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.gofr-restore-'),
  );

describe.skipIf(!canMount).each([
  ['a single file', 'data/storage/conf', 'rw', /^data\/storage\/conf stays as it is: this one file/],
  [
    'a single file, read-only',
    'data/storage/conf',
    'ro',
    /^data\/storage\/conf stays as it is: this one file/,
  ],
  ['a read-only directory', 'data/storage/volume', 'ro', /^data\/storage\/volume stays .* read-only/],
] as const)('%s', (_, place, options, words) => {
  const source = place.replace('data/storage', 'elsewhere');
  const own = place.endsWith('conf') ? place : `${place}/inner/b`;

  test.each([{}, { merge: true }, { paths: ['data/storage'] }, { only: ['storage', 'auth', 'logs'] }])(
    'stays, and the rest comes back: %j',
    async (request) => {
      bind(source, place, options);
      await backUp();
      write('data/storage/later', 'new');
      if (options === 'rw') write(own, 'its own');
      const expected = options === 'rw' ? 'its own' : 'mounted';
      const told = await describeRestore(world.ctx, { backup: archive, ...request });
      expect(told.warnings).toEqual([expect.stringMatching(words)]);
      const preview = await bring({ dryRun: true, ...request });
      expect(preview.changes).toMatchObject({ added: { files: 0 }, unchanged: { files: 2 } });
      const outcome = await bring(request);
      expect(outcome.warnings).toEqual([
        expect.stringMatching(words),
        expect.stringMatching(/^1 of the backup's files were not restored: .*a mount/),
      ]);
      expect([read('data/storage/a'), read(own)]).toEqual(['then', expected]);
      expect(existsSync(at('data/storage/later'))).toBe('merge' in request);
      expect(workDirs()).toEqual([]);
    },
  );

  test('that the archive does not have stays, too', async () => {
    rmSync(at('data/storage/conf'));
    rmSync(at('data/storage/volume'), { recursive: true });
    await backUp();
    if (place.endsWith('conf')) write(place, '');
    else mkdirSync(at(place));
    bind(source, place, options);
    const { changes } = await bring({ dryRun: true });
    expect(changes).toMatchObject({ added: { files: 0 }, removed: { files: 0 } });
    expect((await bring()).warnings).toEqual([expect.stringMatching(words)]);
    expect([read('data/storage/a'), read(own)]).toEqual(['then', 'mounted']);
  });

  test('asked for by itself is refused before the work', async () => {
    bind(source, place, options);
    await backUp();
    for (const request of [{ dryRun: true }, {}])
      await expect(bring({ ...request, paths: [own] })).rejects.toMatchObject({
        message: expect.stringMatching(/cannot be (?:replaced|restored)/) as string,
      });
    expect(workDirs()).toEqual([]);
  });
});

test.skipIf(!canMount)(
  'a component that is read-only itself is refused, and the others are named',
  async () => {
    await backUp();
    bind('data/auth', 'data/auth', 'ro');
    const hint = { hint: expect.stringMatching(/--only storage,logs\.$/) as string };
    await expect(bring()).rejects.toMatchObject(hint);
    expect(read('data/storage/a')).toBe('now');
    await bring({ only: ['storage', 'logs'] });
    expect([read('data/storage/a'), read('data/auth/token')]).toEqual(['then', 'now']);
  },
);

test.skipIf(!canMount)('what can be written in a read-only mount is left with it', async () => {
  bind('elsewhere/volume', 'data/storage/volume');
  bind('elsewhere/volume/inner', 'data/storage/volume/inner');
  await backUp();
  execFileSync('mount', ['-o', 'remount,ro,bind', at('data/storage/volume')]);
  write('data/storage/volume/inner/b', 'its own');
  const { warnings } = await bring();
  expect(warnings).toHaveLength(2);
  expect([read('data/storage/a'), read('data/storage/volume/inner/b')]).toEqual(['then', 'its own']);
});

test.skipIf(!canMount)('a mount that nothing comes into keeps its time', async () => {
  write('data/storage/metadata.json', 'then');
  bind('elsewhere/volume', 'data/storage/volume');
  const long = new Date('2020-01-01T00:00:00Z');
  utimesSync(at('data/storage/volume'), long, long);
  await backUp();
  write('data/storage/metadata.json', 'now');
  await bring({ only: ['metadata'] });
  expect(read('data/storage/metadata.json')).toBe('then');
  expect(statSync(at('data/storage/volume')).mtime).toEqual(long);
});

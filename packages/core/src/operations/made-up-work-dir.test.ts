/** The application may make up what looks like a restore of ours: it stops nothing, and stays where it is. */
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { toBytePath } from '@gofr-backup/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { drill } from './drill.ts';
import { restore } from './restore.ts';
import { verify } from './verify/index.ts';
import { Ground } from '../recovery/ground/ground.ts';
import { isEmptyWorkDir, removeEmptyWorkDir } from '../recovery/staging.ts';
import { fill, makeWorld, THEN, type World } from './restoring.fixture.ts';

const NAME = '.gofr-restore-0123456789abcdef';
const manual = { trigger: 'manual' } as const;
let world: World;

beforeEach(async () => {
  world = makeWorld();
  await fill(world, THEN);
});
afterEach(() => world.dispose());

const MADE_UP: [string, (place: string) => void][] = [
  ['a file', (place) => writeFileSync(place, 'mine')],
  ['a link', (place) => symlinkSync('/nowhere', place)],
  ['a FIFO', (place) => execFileSync('mkfifo', [place])],
  ['a directory with data and no journal', (place) => mkdirSync(join(place, 'x'), { recursive: true })],
  [
    'a directory with data where old data would be',
    (place) => {
      mkdirSync(join(place, 'old'), { recursive: true });
      writeFileSync(join(place, 'old', '0'), 'mine');
    },
  ],
  [
    'a directory whose journal is a FIFO',
    (place) => {
      mkdirSync(place);
      execFileSync('mkfifo', [join(place, 'journal.json')]);
    },
  ],
  [
    'a directory whose journal is a link',
    (place) => {
      mkdirSync(place);
      symlinkSync('/etc/passwd', join(place, 'journal.json'));
    },
  ],
  ['a link to an empty directory', (place) => symlinkSync(emptyBeside(place), place)],
  ['a link to itself', (place) => symlinkSync(NAME, place)],
  [
    'a directory whose marker is a link to itself',
    (place) => {
      mkdirSync(place);
      symlinkSync('journal-is-in.json', join(place, 'journal-is-in.json'));
    },
  ],
  [
    'a directory whose old data would be behind a link',
    (place) => {
      mkdirSync(place);
      symlinkSync(emptyBeside(place), join(place, 'old'));
    },
  ],
  [
    'a directory with a file that is called almost like a journal',
    (place) => {
      mkdirSync(place);
      writeFileSync(join(place, 'journal-of-mine.json'), 'mine');
    },
  ],
];

function emptyBeside(place: string): string {
  const empty = `${place}-beside`;
  mkdirSync(empty);
  return empty;
}

const CLOSED: (typeof MADE_UP)[number] = [
  'a directory that is closed to us',
  (place) => mkdirSync(place, { mode: 0o000 }),
];

test.each(MADE_UP)('%s', (_what, make) => expectLeftAlone(make));
// Nothing is closed to root.
test.runIf(process.getuid?.() !== 0)(CLOSED[0], () => expectLeftAlone(CLOSED[1]));

async function expectLeftAlone(make: (place: string) => void): Promise<void> {
  for (const directory of ['data', 'data/storage', 'logs']) make(join(world.base, directory, NAME));
  const { filename } = (await backup(world.ctx, manual)).backup;
  expect(await drill(world.ctx, { backup: filename })).toMatchObject({ ok: true });
  await restore(world.ctx, { backup: filename });
  for (const directory of ['data', 'data/storage', 'logs'])
    expect([directory, exists(join(world.base, directory, NAME))]).toEqual([directory, true]);
}

const exists = (path: string): boolean => {
  try {
    execFileSync('test', ['-e', path, '-o', '-L', path]);
    return true;
  } catch {
    return false;
  }
};

test('an empty one, as a kill leaves it, goes with its empty directories and with nothing else', async () => {
  const [begun, filled] = ['data', 'data/storage'].map((home) => join(world.base, home, NAME));
  for (const name of ['new', 'old']) mkdirSync(join(begun!, name), { recursive: true });
  mkdirSync(join(filled!, 'old/a'), { recursive: true });
  const home = join(world.base, 'data');
  utimesSync(home, 1_600_000_000, 1_600_000_000);
  await backup(world.ctx, manual);
  expect(statSync(home).mtimeMs).toBe(1_600_000_000_000);
  expect([begun!, join(filled!, 'old/a')].map((path) => existsSync(path))).toEqual([false, true]);
});

test('of an empty one, what comes into it after it was looked at stays', async () => {
  const place = toBytePath(join(world.base, 'data', NAME));
  mkdirSync(join(place, 'old'), { recursive: true });
  using ground = new Ground();
  expect(isEmptyWorkDir(place, ground)).toBe(true);
  writeFileSync(join(place, 'old/0'), 'mine');
  expect(() => removeEmptyWorkDir(place, [], ground)).toThrow('ENOTEMPTY');
  expect(existsSync(join(place, 'old/0'))).toBe(true);
});

test.runIf(process.getuid?.() === 0)('an empty one of another user that nobody knows of stays', async () => {
  const place = join(world.base, 'data', NAME);
  mkdirSync(place);
  chownSync(place, 1234, 1234);
  await backup(world.ctx, manual);
  expect(existsSync(place)).toBe(true);
});

test('nothing is looked for behind a component root that is a link', async () => {
  const { filename } = (await backup(world.ctx, manual)).backup;
  const victim = join(world.base, 'victim');
  mkdirSync(join(victim, NAME, 'new'), { recursive: true });
  mkdirSync(join(victim, NAME, 'old'));
  renameSync(join(world.base, 'logs'), join(world.base, 'former-logs'));
  symlinkSync(victim, join(world.base, 'logs'));
  await expect(backup(world.ctx, manual)).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(restore(world.ctx, { backup: filename })).rejects.toMatchObject({ code: 'CONFIG' });
  expect(existsSync(join(victim, NAME, 'old'))).toBe(true);
  expect(readFileSync(join(world.base, 'former-logs/app.log'), 'utf8')).toBe('line 1\n');
});

test.runIf(process.getuid?.() === 0)(
  'a restore between old and new that is another user’s to settle stops no verify and no drill',
  async () => {
    const { filename } = (await backup(world.ctx, manual)).backup;
    const workDir = join(world.base, 'data', NAME);
    const journal = { version: 1, id: NAME.slice(-16), project: world.plan.project, state: 'swapping' };
    const places = [join(world.base, 'data/storage')];
    mkdirSync(workDir);
    const text = JSON.stringify({ ...journal, workDirs: [workDir], places, moves: [], attributes: [] });
    writeFileSync(join(workDir, 'journal.json'), text);
    chownSync(workDir, 1234, 1234);
    await expect(backup(world.ctx, manual)).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(await drill(world.ctx, { backup: filename })).toMatchObject({ ok: true });
    expect(await verify(world.ctx, { which: 'all' })).toMatchObject({ results: [{ ok: true }] });
  },
);

import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyDirOf, readStateSecret, stateSecret } from './state-secret.ts';

const asRoot = process.geteuid?.() === 0;
const KEY = `${'ab'.repeat(32)}\n`;

let root: string;
let keyDir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gofr-key-'));
  keyDir = join(root, 'backups', '.gofr-backup');
});
afterEach(() => rm(root, { recursive: true }));

const path = (): string => join(keyDir, 'requests.key');

test('it lies in the state directory unless KEY_DIR says otherwise', () => {
  expect(keyDirOf({ backupDir: '/b' })).toBe('/b/.gofr-backup');
  expect(keyDirOf({ backupDir: '/b', keyDir: '/k' })).toBe('/k');
});

test('it is made once, for its owner alone, and the same ever after', async () => {
  expect(await readStateSecret(keyDir, 'requests', 32)).toBeUndefined();
  const umask = process.umask(0);
  const made = await stateSecret(keyDir, 'requests', 32).finally(() => process.umask(umask));
  expect(made).toHaveLength(32);
  expect((await stat(path())).mode & 0o7777).toBe(0o600);
  expect(await readFile(path(), 'utf8')).toBe(`${made.toString('hex')}\n`);
  expect(await stateSecret(keyDir, 'requests', 32)).toEqual(made);
  expect(await readStateSecret(keyDir, 'requests', 32)).toEqual(made);
  expect(await stateSecret(keyDir, 'manifest', 32)).not.toEqual(made);
  expect((await readdir(keyDir)).toSorted()).toEqual(['manifest.key', 'requests.key']);
});

test('whoever comes at once gets the same', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => stateSecret(keyDir, 'requests', 32)));
  expect(new Set(all.map((key) => key.toString('hex'))).size).toBe(1);
});

describe('what another may have put there, or may read, is refused', () => {
  beforeEach(() => stateSecret(keyDir, 'other', 32));
  const refusal = { code: 'PERMISSION', message: expect.stringContaining('cannot be trusted') };
  const expectRefusal = async (why: RegExp): Promise<void> => {
    const wanted = { ...refusal, why: expect.stringMatching(why) };
    await expect(stateSecret(keyDir, 'requests', 32)).rejects.toMatchObject(wanted);
    await expect(readStateSecret(keyDir, 'requests', 32)).rejects.toMatchObject(wanted);
  };

  test('a link, even to a good key', async () => {
    await symlink('other.key', path());
    await expectRefusal(/no regular file/);
  });

  test('a link that leads nowhere: nothing is made where it leads', async () => {
    await symlink(join(root, 'planted'), path());
    await expectRefusal(/no regular file/);
    expect(await readdir(root)).toEqual(['backups']);
  });

  test('a FIFO, without waiting for its writer', async () => {
    execFileSync('mkfifo', ['-m', '600', path()]);
    await expectRefusal(/no regular file/);
  });

  test.each([0o640, 0o604, 0o620, 0o666, 0o602])('mode %o', async (mode) => {
    await writeFile(path(), KEY);
    await chmod(path(), mode);
    await expectRefusal(/others may read or write it \(mode 0/);
  });

  test.runIf(asRoot)('a file of another user', async () => {
    await writeFile(path(), KEY, { mode: 0o600 });
    await chown(path(), 4321, 4321);
    await expectRefusal(/uid 4321/);
  });

  test.runIf(asRoot)('root takes the key of the user who owns the directory', async () => {
    await writeFile(path(), KEY, { mode: 0o600 });
    await chown(path(), 4321, 4321);
    await chown(keyDir, 4321, 4321);
    expect((await stateSecret(keyDir, 'requests', 32)).toString('hex')).toBe(KEY.trim());
  });

  test.runIf(asRoot)('a key that root makes belongs to the owner of the directory', async () => {
    await chown(keyDir, 4321, 4321);
    await stateSecret(keyDir, 'requests', 32);
    expect((await stat(path())).uid).toBe(4321);
  });
});

test.each(['', 'ab', `${'zz'.repeat(32)}\n`, `${'ab'.repeat(33)}\n`, 'x'.repeat(100_000)])(
  'a damaged one is told, never replaced (%#)',
  async (content) => {
    await stateSecret(keyDir, 'other', 32);
    await writeFile(path(), content, { mode: 0o600 });
    await expect(stateSecret(keyDir, 'requests', 32)).rejects.toMatchObject({ code: 'CONFIG' });
    expect(await readFile(path(), 'utf8')).toBe(content);
  },
);

test('a key given by hand is taken, also as a hard link', async () => {
  await stateSecret(keyDir, 'other', 32);
  await writeFile(join(root, 'mine'), KEY, { mode: 0o400 });
  await link(join(root, 'mine'), path());
  expect((await stateSecret(keyDir, 'requests', 32)).toString('hex')).toBe(KEY.trim());
});

/** The secrets of an installation: each a file of its own that only its owner may read, made at its first use. */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError, isErrno, toBackupError } from '@gofr-backup/model';
import { NotRegular, openRegular, syncDirectory } from '@gofr-backup/posix';
import { randomSuffix, writeNew } from './atomic.ts';
import { stateDirOf, TEMPORARY } from './layout.ts';
import { ensureOwnDirectory, isOwnDirectory } from './own-directory.ts';

/** Where the secrets lie: KEY_DIR, else the state directory. */
export const keyDirOf = ({ backupDir, keyDir }: { backupDir: string; keyDir?: string }): string =>
  keyDir ?? stateDirOf(backupDir);

/**
 * The secret `name` of `keyDir`, `bytes` long; made when there is none. Processes that make it at once get the same.
 * Throws PERMISSION for a file that others may read or may have put there, CONFIG for one that holds something else.
 */
export async function stateSecret(keyDir: string, name: string, bytes: number): Promise<Buffer> {
  const known = await readStateSecret(keyDir, name, bytes);
  if (known !== undefined) return known;
  await makeSecret(keyDir, name, bytes).catch((error: unknown) => {
    throw toBackupError(error, `making the key ${pathOf(keyDir, name)}`);
  });
  const made = await readStateSecret(keyDir, name, bytes);
  if (made !== undefined) return made;
  throw new BackupError('IO', `The key ${pathOf(keyDir, name)} is gone as soon as it was made`);
}

/** The same for a process that only reads; undefined when there is none yet. */
export async function readStateSecret(
  keyDir: string,
  name: string,
  bytes: number,
): Promise<Buffer | undefined> {
  const path = pathOf(keyDir, name);
  try {
    if (!(await isOwnDirectory(keyDir))) return undefined;
    const text = await readPrivate(path);
    return text === undefined ? undefined : decode(path, text, bytes);
  } catch (error) {
    throw toBackupError(error, `reading the key ${path}`);
  }
}

const pathOf = (keyDir: string, name: string): string => join(keyDir, `${name}.key`);

/**
 * A link gives the complete file its name, and fails where there is one: no reader sees half a key. Where the file
 * system has no links, the file is made under its name.
 */
async function makeSecret(keyDir: string, name: string, bytes: number): Promise<void> {
  await mkdir(dirname(keyDir), { recursive: true, mode: 0o755 });
  await ensureOwnDirectory(keyDir, 0o700);
  const path = pathOf(keyDir, name);
  const temporary = join(keyDir, `${TEMPORARY}${randomSuffix()}`);
  const text = `${randomBytes(bytes).toString('hex')}\n`;
  try {
    await writeNew(temporary, text);
    await link(temporary, path).catch((error: unknown) => {
      if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
      return writeNew(path, text);
    });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(keyDir);
}

const LARGEST = 4096;

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const handle = await openRegular(path);
    try {
      const found = await handle.stat();
      const { uid: directoryOwner } = await stat(dirname(path));
      refuseUnlessPrivate(path, found, directoryOwner);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    if (error instanceof NotRegular) throw unfit(path, 'it is no regular file');
    throw error;
  }
}

/** Root works for the owner of a directory, so it takes that owner's key as well. */
function refuseUnlessPrivate(path: string, found: Stats, directoryOwner: number): void {
  const self = process.geteuid?.() ?? found.uid;
  const trusted = self === 0 ? [0, directoryOwner] : [0, self];
  if (!trusted.includes(found.uid)) throw unfit(path, `it belongs to uid ${found.uid}, this is uid ${self}`);
  if ((found.mode & 0o077) === 0) return;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  throw unfit(path, `others may read or write it (mode ${mode})`, `chmod 600 ${path}`);
}

const unfit = (path: string, why: string, command?: string): BackupError =>
  new BackupError('PERMISSION', `The key ${path} cannot be trusted`, {
    why,
    hint:
      (command === undefined ? 'Move it away, and a new one is made. ' : `${command}. `) +
      'Where the file system keeps no modes or owners, set KEY_DIR to a directory on another.',
    details: { path },
  });

function decode(path: string, text: string, bytes: number): Buffer {
  const digits = text.trimEnd();
  if (/^[0-9a-f]*$/.test(digits) && digits.length === 2 * bytes) return Buffer.from(digits, 'hex');
  throw new BackupError('CONFIG', `The key ${path} is damaged`, {
    why: `it does not hold ${bytes} bytes in lower-case hexadecimal digits`,
    hint: `Bring back the file as it was. Without it: move it away, and a new one is made; what the old one signed is then not known as ours.`,
    details: { path },
  });
}

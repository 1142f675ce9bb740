/** A work directory stays the one that this program made: it is held open, and removed wherever it was moved to. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, type Identity, joinPath } from '@gofr-backup/model';
import { type DirectoryHandle, isErrno, removeTreeIn } from '@gofr-backup/posix';
import type { Ground } from './ground.ts';

/** Of a directory that was just made. The application may have put another one in its place: that is refused. */
export function holdNew(workDir: BytePath, ground: Ground): void {
  const directory = openAt(workDir, ground);
  if (directory.names().length > 0 || !isOurs(directory)) {
    directory.close();
    throw new BackupError('FAILED', `${displayPath(workDir)} is not the directory that was made there`, {
      why: 'something put another one in its place',
      hint: 'Nothing was replaced. Stop the services that write there, and run the restore again.',
    });
  }
  ground.hold(workDir, directory);
}

/** As it is now. Throws as openSync. */
export function openAt(workDir: BytePath, ground: Ground): DirectoryHandle {
  const { directory, name } = ground.named(workDir);
  return directory.openDirectory(name, { search: true });
}

/** A server may have others for the owner of what root makes: what is made now has the same one. */
function isOurs(directory: DirectoryHandle): boolean {
  const { uid } = directory.stat();
  if (uid === process.geteuid?.()) return true;
  const probe = directory.at(`probe-${randomBytes(6).toString('hex')}`);
  fs.closeSync(fs.openSync(probe, 'wx', 0o600));
  try {
    return fs.lstatSync(probe).uid === uid;
  } finally {
    fs.unlinkSync(probe);
  }
}

/** Of a name in a work directory that is held. */
export function removeIn(
  workDir: BytePath,
  name: BytePath,
  withheld: readonly Identity[],
  ground: Ground,
): Promise<void> {
  return removeTreeIn(ground.directory(workDir), joinPath(workDir, name), withheld);
}

/** With all that is in it, by whatever name it has now. */
export async function removeWorkDir(
  workDir: BytePath,
  withheld: readonly Identity[],
  ground: Ground,
): Promise<void> {
  const directory = ground.directory(workDir);
  for (const name of directory.names()) await removeIn(workDir, name, withheld, ground);
  removeHeld(workDir, ground);
}

/** When it is empty. */
export function removeHeld(workDir: BytePath, ground: Ground): void {
  const directory = ground.directory(workDir);
  using home = directory.openParent();
  removeNameOf(directory.stat(), home, workDir.slice(workDir.lastIndexOf('/') + 1));
  ground.release(workDir);
}

/** Names may be exchanged all the while. */
const ATTEMPTS = 64;

/** What else has its name meanwhile stays, as it is no empty directory. */
function removeNameOf(removed: Identity, home: DirectoryHandle, likely: BytePath): void {
  for (let attempt = 1; ; attempt++) {
    const name = nameOf(removed, home, likely);
    if (name === undefined) return;
    try {
      fs.rmdirSync(home.at(name));
    } catch (error) {
      if (attempt === ATTEMPTS || !isErrno(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY')) throw error;
    }
  }
}

/** The application may rename it where it was made. */
function nameOf(wanted: Identity, home: DirectoryHandle, likely: BytePath): BytePath | undefined {
  const isIt = (name: BytePath): boolean => {
    const stat = home.lstat(name);
    return stat?.ino === wanted.ino && stat.dev === wanted.dev;
  };
  return isIt(likely) ? likely : home.names().find(isIt);
}

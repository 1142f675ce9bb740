import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, toBytePath } from '@gofr-backup/model';
import { isErrno, removeTree } from '@gofr-backup/posix';
import { SCRATCH_DIR } from './layout.ts';
import { orWarn } from './or-warn.ts';
import { ensureOwnDirectory } from './own-directory.ts';

export interface Scratch {
  path: string;
  /** No error: what cannot be removed is a warning, and the next `sweep` tries again. */
  dispose(): Promise<void>;
}

/** The common scratch place, and a place for this user alone in case another user owns and closes the common one. */
export const scratchDirs = (stateDir: string): string[] =>
  [SCRATCH_DIR, `${SCRATCH_DIR}-${process.geteuid?.() ?? 0}`].map((name) => join(stateDir, name));

/** A new empty directory (0700) beside the backups; what a kill leaves of it goes with the next `sweep`. */
export async function makeScratch(
  { stateDir }: { stateDir: string },
  purpose: string,
  logger: Logger,
): Promise<Scratch> {
  const [common = '', own = ''] = scratchDirs(stateDir);
  const path = await makeIn(common, purpose).catch((error: unknown) => {
    if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
    return makeIn(own, purpose);
  });
  const dispose = () => orWarn(logger, path, () => removeTree(toBytePath(path)));
  return { path, dispose };
}

async function makeIn(parent: string, purpose: string): Promise<string> {
  await ensureOwnDirectory(parent, 0o700);
  return mkdtemp(join(parent, `${purpose}-`));
}

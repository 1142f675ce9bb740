import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SCRATCH_DIR } from './layout.ts';
import { inheritOwner } from './owner.ts';

/** A new empty directory (0700) beside the backups; what a kill leaves of it goes with the next `sweep`. */
export async function makeScratch(
  { stateDir }: { stateDir: string },
  purpose: string,
): Promise<{ path: string; dispose(): Promise<void> }> {
  const parent = join(stateDir, SCRATCH_DIR);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await inheritOwner(parent);
  const path = await mkdtemp(join(parent, `${purpose}-`));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}

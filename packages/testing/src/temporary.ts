import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Memory where there is some: for tests that flush a lot or make a tree anew in each of many rounds. */
export const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory that is gone at the end of the scope: `await using dir = await temporaryDirectory()`. */
export async function temporaryDirectory(
  prefix = 'gofr-test-',
  parent = tmpdir(),
): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(parent, prefix));
  return { path, [Symbol.asyncDispose]: () => remove(path) };
}

/** Also what an ordinary user made so that he may not write into it. */
async function remove(path: string): Promise<void> {
  if (process.getuid?.() !== 0) await promisify(execFile)('chmod', ['-R', 'u+rwX', path]).catch(() => {});
  await rm(path, { recursive: true, force: true });
}

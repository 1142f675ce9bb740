/** A process that exchanges directories for links as fast as it can, as an application that was taken over might. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** A directory, and a link on the same file system that takes its place by turns. */
export type Pair = readonly [directory: string, link: string];

/** Each pair is exchanged in one step (renameat2(2)), so that half of the names lead to links at any time. */
const SCRIPT = `
const [koffi, pairs] = process.argv.slice(1);
const exchange = require(koffi)
  .load(null)
  .func('int renameat2(int from, const char *a, int to, const char *b, unsigned int flags)');
const [AT_FDCWD, RENAME_EXCHANGE] = [-100, 2];
process.stdout.write('racing');
const parsed = JSON.parse(pairs);
for (;;) for (const [a, b] of parsed) exchange(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
`;

/** Races until it is disposed of; everything is in its place then, as far as it is there. */
export async function racingProcess(pairs: readonly Pair[]): Promise<AsyncDisposable> {
  const koffi = createRequire(import.meta.url).resolve('koffi');
  const args = ['-e', SCRIPT, koffi, JSON.stringify(pairs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [began] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!Buffer.isBuffer(began)) throw new Error('the racing process ended');
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      for (const [directory, link] of pairs) await settle(directory, link);
    },
  };
}

async function settle(directory: string, link: string): Promise<void> {
  const there = await lstat(directory).catch(() => undefined);
  if (!there?.isSymbolicLink()) return;
  const aside = `${link}.aside`;
  await rename(link, aside);
  await rename(directory, link);
  await rename(aside, directory);
}

/** The program as a revision of git had it: its sources beside this checkout's packages, bundled as the image and the package have it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT, run } from '../../scripts/steps.ts';

/** Where no release is tagged yet: the last that was everywhere before releases began. */
const BEFORE_RELEASES = '6684314';

/** The newest release before this commit; undefined: this clone has no history that reaches it. */
export async function revisionBefore(): Promise<string | undefined> {
  const tagged = await run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^']);
  const revision = tagged.code === 0 ? tagged.stdout.trim() : BEFORE_RELEASES;
  return (await run('git', ['cat-file', '-e', `${revision}^{commit}`])).code === 0 ? revision : undefined;
}

/** Answers the command line's main.js below `directory`. */
export async function bundleOf(revision: string | undefined, directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const root = revision === undefined ? ROOT : await checkedOut(revision, join(directory, 'sources'));
  const into = join(directory, 'bundle');
  await must(process.execPath, [join(root, 'scripts/build.ts'), '--into', into, 'cli'], { cwd: root });
  return join(into, 'cli/main.js');
}

/** By the lockfile of then, from what the package manager keeps already, else from the registry. */
async function checkedOut(revision: string, into: string): Promise<string> {
  mkdirSync(into, { recursive: true });
  await must('git', ['archive', '--output', `${into}.tar`, revision]);
  await must('tar', ['-xf', `${into}.tar`, '-C', into]);
  const pnpm = join(ROOT, 'node_modules/.bin/pnpm');
  await must(pnpm, ['install', '--frozen-lockfile', '--prefer-offline'], {
    cwd: into,
    env: { ...process.env, CI: 'true' },
  });
  return into;
}

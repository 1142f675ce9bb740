/** What must hold before anything is made. All that does not is said at once. */
import { join } from 'node:path';
import { ROOT, run } from '../steps.ts';
import { notesOf } from './changelog.ts';
import type { Release } from './release.ts';

export async function assertReleasable(release: Release): Promise<void> {
  if (release.trial) return;
  const { version, revision } = release;
  const problems: string[] = [];
  const tag = `v${version}`;
  if (revision.endsWith('-dirty')) problems.push('there are changes that are not committed');
  if (!(await tagsOfHead()).includes(tag))
    problems.push(`the commit has no tag ${tag}, which package.json's version asks for`);
  if (notesOf(release) === undefined) problems.push(`CHANGELOG.md has no section "## ${version}"`);
  const pins = await run(process.execPath, [join(ROOT, 'scripts/pin.ts'), '--check', '--release']);
  if (pins.code !== 0) problems.push(pins.output.trim());
  if (problems.length > 0) throw new Error(`not to be released:\n  ${problems.join('\n  ')}`);
}

async function tagsOfHead(): Promise<string[]> {
  return (await run('git', ['tag', '--points-at', 'HEAD'])).stdout.split('\n');
}

/** The release's page with its files, where it runs in a workflow of GitHub. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from '../steps.ts';
import type { Release } from './release.ts';

export async function publishPage({ version, out, trial }: Release): Promise<void> {
  if (trial || process.env['GITHUB_REPOSITORY'] === undefined) return;
  const tag = `v${version}`;
  const files = readdirSync(out).map((name) => join(out, name));
  if ((await run('gh', ['release', 'view', tag])).code === 0) {
    await must('gh', ['release', 'upload', tag, '--clobber', ...files]);
  } else {
    const notes = ['--notes-file', join(out, 'NOTES.md')];
    await must('gh', ['release', 'create', tag, '--verify-tag', '--title', version, ...notes, ...files]);
  }
}

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { completionFor } from './completion.ts';
import { buildProgram } from './program.ts';

const script = (shell: 'bash' | 'zsh' | 'fish') =>
  completionFor(
    shell,
    buildProgram(() => {}),
  );
const missing = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).error !== undefined;

/** What bash offers for these words, the last one being completed. */
function offered(...words: string[]): string[] {
  const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`;
  const lists = `printf '{\\n  "filename": "one.tar.gz",\\n  "filename": "two.tar.gz"\\n}\\n'`;
  const fake = `gofr-backup() { case "$*" in *--trash*) echo '"filename": "pruned.tar.gz"' ;; *) ${lists} ;; esac; }`;
  const program = `${script('bash')}\n${fake}\n${line}\n_gofr_backup\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

test('bash completes verbs, tiers, options and names of backups', () => {
  expect(offered('gofr-backup', 're')).toEqual(['rebuild', 'restore', 'resume']);
  expect(offered('gofr-backup', 'now', 'w')).toEqual(['weekly']);
  expect(offered('gofr-backup', 'restore', '--int')).toEqual(['--interactive']);
  expect(offered('gofr-backup', 'show', '')).toEqual(['one.tar.gz', 'two.tar.gz']);
  expect(offered('gofr-backup', 'undelete', '')).toEqual(['pruned.tar.gz']);
  expect(offered('gofr-backup', 'diff', 'one.tar.gz', 't')).toEqual(['two.tar.gz']);
  expect(offered('gofr-backup', 'verify', 'one.tar.gz', 't')).toEqual(['two.tar.gz']);
});

test.each(['bash', 'zsh', 'fish'] as const)('%s finds no mistake in its script', async (shell) => {
  const text = script(shell);
  for (const command of buildProgram(() => {}).commands) expect(text).toContain(command.name());
  if (missing(shell)) return;
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'completion');
  writeFileSync(file, text);
  const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

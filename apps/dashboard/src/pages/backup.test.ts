import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { backupAt } from '../visitor.fixture.ts';
import { backupPage } from './backup.ts';
import type { Shell } from './shell.ts';

const shell: Shell = {
  ...{ project: 'plot', csrf: '', readOnly: false, canSignOut: false, theme: undefined },
  ...{ now: Date.parse('2025-12-13T08:00:00Z'), timezone: 'UTC' },
  ...{ link: (path) => `/${path}`, asset: (name) => name },
};

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** The commands as a person copies them. */
async function commandsOf(filename: string): Promise<string[]> {
  const entry = backupAt('2025-12-13T02:00:00Z', { filename });
  const detail = {
    backup: { entry, at: shell.now },
    directory: undefined,
    copies: undefined,
    path: '',
    restoreCommand: 'restore',
    twins: [],
  };
  const page = String(await backupPage(shell, detail));
  return [...page.matchAll(/<pre[^>]*><code>([^<]*)<\/code>/g)].map(
    ([, text = '']) =>
      text
        .replace(/&[a-z#0-9]+;/g, (entity) => ENTITIES[entity] ?? entity)
        .replace(/^gofr-backup restore/, 'restore'), // no name of a function
  );
}

test.for([
  'gofr-plot_daily_20251213_020000.tar.gz',
  "it's; touch pwned #.tar",
  '$(touch pwned) `touch pwned` "\\"',
  '\u001b]0;pwned\u0007\u202e\u009b31m.tar',
  'a\n& touch pwned',
])('a shell reads the commands on the page of %j as that name', async (filename) => {
  const tell = ['restore', 'sha256sum', 'tar'].map((name) => `${name}() { printf '%s\\0' "$@"; }`).join('\n');
  const commands = await commandsOf(filename);
  expect(commands.join('')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  const { stdout, stderr } = spawnSync('sh', ['-c', [tell, ...commands].join('\n')]);
  expect(stderr.toString()).toBe('');
  expect(stdout.toString().split('\0').slice(0, -1)).toEqual([
    ...[filename, filename, '-c', `${filename}.sha256`],
    ...['-xf', filename, '-C', '/somewhere/empty'],
  ]);
});

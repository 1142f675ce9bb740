/** Shells are the judges: each gets the words in one script and hands them back with NULs between. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { isMissing, tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { shellQuoted, shellWord } from './shell-word.ts';

const word = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~=%^ \t\n\r\u001b\u0007\u009b\u202e0123abc-/'.split('')),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((text) => !text.includes('\0')),
  ),
});

const SHELLS = [['sh'], ['bash', '--posix'], ['busybox', 'sh']].filter(([shell]) => !isMissing(shell!));

function readBy([shell, ...options]: readonly string[], script: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell!, [...options, '-s'], { input: script });
  expect([status, stderr.toString()]).toEqual([0, '']);
  return stdout.toString().split('\0').slice(0, -1);
}

const wellFormed = (text: string): string => Buffer.from(text).toString();

test.for(SHELLS)('%s reads a quoted word as the text it stands for', (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 50, maxLength: 100 }), (words) => {
      for (const quote of [shellWord, shellQuoted]) {
        const script = `printf '%s\\0' ${words.map(quote).join(' ')}\n`;
        expect(readBy(shell, script)).toEqual(words.map(wellFormed));
      }
    }),
    { numRuns: tries(5, 30) },
  );
});

test('only newlines at the end of a word stand in it as they are', () => {
  fc.assert(
    fc.property(word, (text) => {
      const [, last = ''] = /(\n*)$/.exec(text) ?? [];
      const shown = shellWord(text);
      expect(shown.replace(last, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
    { numRuns: tries(500, 20_000) },
  );
});

test('a name without a meaning to the shell stays as it is', () => {
  expect(shellWord('gofr-plot_daily_20251213_020000.tar.gz')).toBe('gofr-plot_daily_20251213_020000.tar.gz');
  expect(shellWord("it's")).toBe(`'it'\\''s'`);
  expect(shellWord('')).toBe(`''`);
  expect(shellWord('\u001b[31m')).toBe(`"$(printf %b '\\0033[31m')"`);
});

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { exclusionOf, exclusionProblem } from './exclusion.ts';

const isExcluded = (patterns: string[], path: string, isDirectory = false) =>
  exclusionOf(patterns)!(path, isDirectory);

test('a slash, a star, a class and a root mean what they mean to git', () => {
  const inCache = 'data/storage/cache/model.bin';
  for (const pattern of [
    'data/storage/cache/**',
    'data/*/cache/*',
    '**/cache/*.bin',
    'data/storage/ca*',
    'data/storage/[c]ache',
    './data/storage/cache',
    '/data/storage/cache/',
    'cache',
    'cache/',
    '*.bin',
  ])
    expect([pattern, isExcluded([pattern], inCache)]).toEqual([pattern, true]);
  for (const pattern of [
    '/cache',
    'storage/cache',
    'data/storage/cach',
    'CACHE',
    'data/storage/cache/model.bin/',
  ])
    expect([pattern, isExcluded([pattern], inCache)]).toEqual([pattern, false]);
});

test('the last pattern that matches wins, and braces stand for each of their words', () => {
  expect(isExcluded(['*.tmp', '!keep.tmp'], 'logs/keep.tmp')).toBe(false);
  expect(isExcluded(['*.tmp', '!keep.tmp'], 'logs/other.tmp')).toBe(true);
  for (const path of ['a.tmp', 'logs/a.bak']) expect(isExcluded(['*.{tmp,bak}'], path)).toBe(true);
  expect(isExcluded(['*.log', '!{a,b}.log'], 'logs/b.log')).toBe(false);
});

test('a backslash takes a character for itself', () => {
  expect(isExcluded(['data/\\*'], 'data/*')).toBe(true);
  expect(isExcluded(['data/\\*'], 'data/x')).toBe(false);
  expect(isExcluded(['a\\{b,c\\}'], 'a{b,c}')).toBe(true);
  expect(isExcluded(['\\!x'], '!x')).toBe(true);
  expect(isExcluded(['\\#x'], '#x')).toBe(true);
  expect(isExcluded(['a\\\\{b,c}'], 'a\\c')).toBe(true);
});

test('names that are not UTF-8 are matched as they are shown', () => {
  expect(isExcluded(['caf*'], 'data/caf\xe9')).toBe(true);
  expect(isExcluded(['caf\\\\xe9'], 'data/caf\xe9')).toBe(true);
  expect(isExcluded(['café'], 'data/caf\xc3\xa9')).toBe(true);
});

test('what is asked for after many other paths is answered the same', () => {
  const excluded = exclusionOf(['*.tmp', '!/logs/*.tmp'])!;
  for (let n = 0; n < 25_000; n++) expect(excluded(`data/${n}.tmp`, false)).toBe(true);
  expect(excluded('logs/a.tmp', false)).toBe(false);
});

test('quotes that an env file kept, and ranges that run backwards, cannot be meant', () => {
  for (const pattern of ['"*.tmp"', "'*.tmp'", '"*.tmp', '*.bak"', '!"x"'])
    expect(exclusionProblem(pattern)).toMatch(/quotes/);
  for (const pattern of ['[z-a]', 'x[9-0]y', '[!b-a]'])
    expect(exclusionProblem(pattern)).toMatch(/backwards/);
  for (const pattern of ['\\"x\\"', 'a"b', '[a-z]', '[a-]', '[-a]', '[!0-9]', "don't"])
    expect([pattern, exclusionProblem(pattern)]).toEqual([pattern, undefined]);
});

test('a pattern that can mean something has no problem', () => {
  for (const pattern of ['**', '*', '[]a]', '[!]a]', 'a\\[b', 'x/', '!x', '{a,b}/c', '..x', 'a}b'])
    expect([pattern, exclusionProblem(pattern)]).toEqual([pattern, undefined]);
});

test('a pattern that cannot mean anything has one, also a bracket that only seems to be closed', () => {
  for (const pattern of ['[]', '[!]', '[^]', '[]abc', 'a[!]b', '[ab', '{a', '/', '!', 'a//b'])
    expect([pattern, exclusionProblem(pattern)]).toEqual([pattern, expect.any(String)]);
});

/** Git compares bytes, so that `?` is not a letter of two: no such name here. Three levels of names each, all of them directories but for the last level. */
const LEVELS = [
  ['a', 'tmp'],
  ['b', 'a.tmp', 'tmp'],
  ['x', 'keep.tmp', 'a', 'b[1]'],
];
const word = fc.constantFrom(
  'a',
  'b',
  'tmp',
  '*',
  '**',
  '*.tmp',
  'keep.tmp',
  '?',
  '[ab]',
  '[!a]',
  'b\\[1\\]',
  'x',
);
const pattern = fc
  .tuple(fc.boolean(), fc.boolean(), fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(
    ([not, rooted, words, slash]) =>
      `${not ? '!' : ''}${rooted ? '/' : ''}${words.join('/')}${slash ? '/' : ''}`,
  );

test.skipIf(isMissing('git'))('git ignores the very same paths', async () => {
  await using place = await temporaryDirectory();
  const paths = LEVELS[0]!.flatMap((one) => [
    one,
    ...LEVELS[1]!.flatMap((two) => [`${one}/${two}`, ...LEVELS[2]!.map((three) => `${one}/${two}/${three}`)]),
  ]);
  const isDirectory = (path: string) => path.split('/').length < 3;
  for (const path of paths)
    if (isDirectory(path)) mkdirSync(join(place.path, path));
    else writeFileSync(join(place.path, path), '');
  execFileSync('git', ['init', '-q', place.path]);
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 3 }), (patterns) => {
      writeFileSync(join(place.path, '.gitignore'), patterns.join('\n'));
      // it ends with 1 when it ignores none of them
      const { stdout } = spawnSync(
        'git',
        ['-C', place.path, 'check-ignore', '--no-index', '-nvz', '--stdin'],
        {
          input: paths.join('\0'),
        },
      );
      const fields = stdout.toString().split('\0');
      const ignored = new Set<string>();
      for (let at = 0; at + 3 < fields.length; at += 4)
        if (fields[at + 2] !== '' && !fields[at + 2]!.startsWith('!')) ignored.add(fields[at + 3]!);
      const ours = paths.filter((path) => isExcluded(patterns, path, isDirectory(path)));
      expect(ours).toEqual(paths.filter((path) => ignored.has(path)));
    }),
    { numRuns: 60 },
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteCount,
  commaSeparated,
  duration,
  flag,
  oneOf,
  patterns,
  wholeNumber,
  zone,
  type Kind,
} from './kinds.ts';

const read = <T>(kind: Kind<T>, text: string): T | string => {
  const result = kind.schema.safeParse(text);
  return result.success ? result.data : `! ${result.error.issues[0]?.message ?? ''}`;
};

test('booleans in every spelling and case', () => {
  for (const text of ['true', '1', 'yes', 'on', 'TRUE', 'Yes']) expect(read(flag, text)).toBe(true);
  for (const text of ['false', '0', 'no', 'off', 'FALSE', 'Off']) expect(read(flag, text)).toBe(false);
  for (const text of ['2', 'ja', 'tru', 'constructor', '__proto__']) expect(read(flag, text)).toMatch(/^!/);
});

test('whole numbers within their range, and nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 150 }), (value) => {
      const answer = read(wholeNumber(1, 99), String(value));
      if (value >= 1 && value <= 99) expect(answer).toBe(value);
      else expect(answer).toMatch(/^! is (below 1|above 99)$/);
    }),
  );
  for (const text of ['1.5', '1e3', '0x10', 'NaN', '1 2', ''])
    expect(read(wholeNumber(1, 99), text)).toMatch(/^!/);
});

test('sizes: a number of bytes survives being written in any unit that divides it', () => {
  const units = { B: 1, KB: 2 ** 10, k: 2 ** 10, MiB: 2 ** 20, m: 2 ** 20, GB: 2 ** 30, T: 2 ** 40 };
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8000 }),
      fc.constantFrom(...Object.entries(units)),
      (number, [unit, factor]) => {
        expect(read(byteCount, `${number}${unit}`)).toBe(number * factor);
      },
    ),
  );
  expect(read(byteCount, '10MB')).toBe(10_485_760);
  expect(read(byteCount, '1.5 G')).toBe(1.5 * 2 ** 30);
  for (const text of ['-1', '10MX', 'MB', '1..5M', '99999999T']) expect(read(byteCount, text)).toMatch(/^!/);
});

test('durations need their unit', () => {
  expect(read(duration, '90s')).toBe(90_000);
  expect(read(duration, '1h')).toBe(3_600_000);
  for (const text of ['90', '0s', '25h', '-1m', 'm']) expect(read(duration, text)).toMatch(/^!/);
});

test('zones are IANA names', () => {
  expect(read(zone, 'Europe/Berlin')).toBe('Europe/Berlin');
  expect(read(zone, ':Europe/Berlin')).toBe('Europe/Berlin');
  for (const text of ['Mars/Olympus', '+01:00', 'CET-1CEST', '../etc/passwd'])
    expect(read(zone, text)).toMatch(/^!/);
});

test('choices without regard to case; lists without empty items', () => {
  expect(read(oneOf(['gzip', 'none']), 'GZIP')).toBe('gzip');
  expect(read(oneOf(['gzip', 'none']), 'lzma')).toMatch(/^!/);
  expect(read(commaSeparated, ' a, b ,,c ')).toEqual(['a', 'b', 'c']);
});

test('patterns: a comma within braces or after a backslash belongs to its pattern', () => {
  expect(read(patterns, '*.tmp,!keep.tmp')).toEqual(['*.tmp', '!keep.tmp']);
  expect(read(patterns, ' *.{tmp,bak} ,, a\\,b , {x,{y,z}}/c')).toEqual([
    '*.{tmp,bak}',
    'a\\,b',
    '{x,{y,z}}/c',
  ]);
  expect(read(patterns, 'a\\ , b ')).toEqual(['a\\ ', 'b']);
  expect(read(patterns, './data/storage/cache,/logs/*.old,[ab]c/')).toHaveLength(3);
});

test('patterns that cannot mean anything are refused, each by name', () => {
  const refused = ['/', '!', '#x', 'a\\', '[ab', 'a{b,c', 'a//b', '../x', 'a/./b', '{a,../b}', '!keep.tmp'];
  for (const pattern of refused) expect(read(patterns, pattern)).toContain(`\`${pattern}\``);
  expect(read(patterns, 'fine,#x,[ab')).toMatch(/#x.*\[ab/);
});

import { expect, test } from 'vitest';
import { columns } from './columns.ts';

test('columns are as wide as their widest cell', () => {
  expect(
    columns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'cc'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   cc']);
});

test('a character that takes two places counts as two, a mark on another as none', () => {
  expect(
    columns([
      ['図表', 'x'],
      ['cafe\u0301', 'x'],
      ['12345', 'x'],
    ]),
  ).toEqual(['図表   x', 'cafe\u0301   x', '12345  x']);
});

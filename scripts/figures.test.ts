import { expect, test } from 'vitest';
import { countsOf, figureRow, figuresIn, withRows } from './figures.ts';

const PAGE = `# Page

<!-- races -->

| Run    | Rounds |
| ------ | -----: |
| first  |      1 |
| second |      2 |

<!-- end of races -->

After it.
`;

test('a figure tells all that was counted, also what is known and not mended', () => {
  const figure = {
    rounds: 2000,
    seed: 7,
    entries: 1_234_567,
    safetyBackups: 1,
    known: { 'times of links': 3 },
  };
  expect(countsOf(figure)).toBe('seed `7`, 1,234,567 entries, 1 safety backups, 3 times of links');
  expect(figureRow({ name: 'trees', test: 'test/x.test.ts' }, figure)).toMatch(
    /^\| trees \| 2,000 \| .* \| `test\/x/,
  );
});

test('a file holds one figure, or several by name', () => {
  const [backup, restore] = [{ rounds: 1 }, { rounds: 2 }];
  expect(figuresIn(backup)).toEqual([['', backup]]);
  expect(figuresIn({ backup, restore })).toEqual([
    ['backup', backup],
    ['restore', restore],
  ]);
});

test('a row takes the place of the one of its run; others stay where they are', () => {
  const page = withRows(PAGE, 'races', ['| third | 3 |', '| first | 9 |']);
  expect(page.match(/^\| (?!Run|-).*$/gm)).toEqual(['| first | 9 |', '| second |      2 |', '| third | 3 |']);
  expect(page).toContain('\nAfter it.\n');
  expect(withRows(PAGE, 'races', [])).toBe(PAGE);
});

test('a page without the block is refused', () => {
  expect(() => withRows('# Page', 'races', [])).toThrow('no block of races');
});

import { expect, test } from 'vitest';
import { play } from './screen.ts';
import { renderWindow } from './svg.ts';

const shown = (output: string, columns = 20) =>
  play(output, columns).map((row) => row.map(({ char }) => char).join(''));

test('a progress line is what was written last', () => {
  expect(shown('backing up 10 %\rbacking up 100 %\r\ndone\n')).toEqual(['backing up 100 %', 'done']);
  expect(shown('long line\r\x1b[Kshort\n')).toEqual(['short']);
  expect(shown('one\r\ntwo\r\n\x1b[2A\x1b[2Kuno\r\n')).toEqual(['uno', 'two']);
});

test('lines wrap at the edge, control sequences are not text', () => {
  expect(shown('abcdef', 4)).toEqual(['abcd', 'ef']);
  expect(shown('\x1b]0;title\x07\x1b[?25la\x1b[?25h\x1b(Bb')).toEqual(['ab']);
});

test('colours of 16, 256 and all', () => {
  const [row = []] = play('\x1b[32ma\x1b[0mb\x1b[38;5;196mc\x1b[38;2;1;2;3md\x1b[1me', 20);
  expect(row.map(({ color, bold }) => [color, bold])).toEqual([
    ['#3fb950', false],
    [undefined, false],
    ['rgb(255 0 0)', false],
    ['rgb(1 2 3)', false],
    ['rgb(1 2 3)', true],
  ]);
});

test('the picture holds the text, escaped', () => {
  expect(renderWindow(play('a <b> & \x1b[31mred\x1b[0m', 20), 20, 't')).toMatch(
    /a &lt;b&gt; &amp;\u00a0.*fill="#ff7b72">red</s,
  );
});

/**
 * Styled text carries a mark in place of ESC until it is written. A name of others cannot hold the mark, because nobody
 * knows it, so every ESC it holds is escaped at the one door to the terminal.
 */
import { randomBytes } from 'node:crypto';
import { styleText } from 'node:util';
import type { WriteStream } from 'node:tty';
import { oneLine } from '@gofr-backup/model';

const ESC = '\u001b';
const MARK = `\ufdd0${randomBytes(8).toString('hex')}`;

/** What a terminal may get: one line, with our styles and no other control. */
export const terminalLine = (styled: string): string => styled.split(MARK).map(oneLine).join(ESC);

export interface Colours {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** Plain unless the stream is a terminal and NO_COLOR is unset. */
export function coloursFor(stream: WriteStream, noColor: boolean): Colours {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    noColor ? text : styleText(format, text.replaceAll(ESC, oneLine), { stream }).replaceAll(ESC, MARK);
  return {
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    dim: paint('dim'),
    bold: paint('bold'),
  };
}

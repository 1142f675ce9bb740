import { styleText } from 'node:util';
import type { WriteStream } from 'node:tty';

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
    noColor ? text : styleText(format, text, { stream });
  return {
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    dim: paint('dim'),
    bold: paint('bold'),
  };
}

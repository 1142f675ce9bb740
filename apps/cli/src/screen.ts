/** Standard error as lines plus, on a terminal, one line at the bottom that changes. */
import type { WriteStream } from 'node:tty';
import { terminalLine } from './colour.ts';

export interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  line(text: string): void;
  /** Replaces the changing line; nothing elsewhere than on a terminal. */
  status(text: string): void;
  clear(): void;
}

const ERASE_LINE = '\r\u001b[K';

export function screenOn(stream: WriteStream): Screen {
  let shown = '';
  const erase = (): void => {
    if (shown !== '') stream.write(ERASE_LINE);
  };
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns || 80; // some terminals say 0
    },
    line(text) {
      erase();
      stream.write(`${terminalLine(text)}\n${shown}`);
    },
    status(text) {
      const line = terminalLine(text);
      if (stream.isTTY !== true || line === shown) return;
      erase();
      shown = line;
      stream.write(line);
    },
    clear() {
      erase();
      shown = '';
    },
  };
}

import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coloursFor } from './colour.ts';
import { screenOn } from './screen.ts';

const words = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '[', '3', '1', 'm', '\r', '\n', '\u0007', '\u009b', '\u202e', '\ufdd0'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

function terminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, getColorDepth: () => 8 });
  const colours = coloursFor(stream as unknown as WriteStream, false);
  return {
    screen: screenOn(stream as unknown as WriteStream),
    colours,
    written: () => String(stream.read() ?? ''),
  };
}

test('whatever a line, a bar or a styled word holds, a terminal gets one line with our styles', () => {
  fc.assert(
    fc.property(words, (word) => {
      const { screen, colours, written } = terminal();
      screen.status(`${colours.good('━━')} ${word}`);
      screen.line(`${colours.warn('warning:')} ${word} ${colours.bold(word)}`);
      const text = written();
      expect(text).toContain('\u001b[33mwarning:\u001b[39m');
      // oxlint-disable-next-line no-control-regex -- our styles, and the erasing of the bar
      const plain = text.replace(/\u001b\[(?:32|39|33|1|22)m|\r\u001b\[K/g, '');
      expect(plain.match(/\n/g)).toHaveLength(1);
      expect(plain.replace('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    }),
  );
});

import fc from 'fast-check';
import { tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { bytesOf, displayPath, globPath, toBytePath } from '../byte-path.ts';
import { jsonText, oneLine, printable } from './printable.ts';

/** By the properties of Unicode, not by our list: controls, and what turns the direction or ends a line. */
const DRIVING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\r',
      '\n',
      '\t',
      '\u0007',
      '\u009b',
      '\u0085',
      '\u007f',
      '\\',
      'x',
      '1',
      'b',
      '5',
      'c',
    ),
    fc.constantFrom('\u202e', '\u2066', '\u2069', '\u200e', '\u200f', '\u061c', '\u2028', '\u2029'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((name) => Buffer.from(name).toString('latin1')),
  nasty.map(toBytePath),
);

test('no word drives a terminal; a line stays one line, a text keeps its lines', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      expect(oneLine(text)).not.toMatch(DRIVING);
      expect(printable(text).replace(/[\t\n]/g, '')).not.toMatch(DRIVING);
      expect(printable(text).split('\n')).toHaveLength(text.split('\n').length);
      expect(oneLine(oneLine(text))).toBe(oneLine(text));
    }),
    { numRuns: tries(500, 20_000) },
  );
});

test('what is only written in another language stays as it is', () => {
  for (const text of ['résumé', 'отчёт', '日本語', 'תמונה', 'صورة', '👩‍🚀 report'])
    expect([oneLine(text), displayPath(toBytePath(text))]).toEqual([text, text]);
});

test('a path of any bytes is one line, and its bytes can be read from it', () => {
  fc.assert(
    fc.property(bytes, (path) => {
      const shown = displayPath(path);
      expect(shown).not.toMatch(DRIVING);
      const read = toBytePath(shown).replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(parseInt(hex, 16)),
      );
      expect(bytesOf(read)).toEqual(bytesOf(path));
    }),
    { numRuns: tries(500, 20_000) },
  );
});

test('a C1 character and the byte of its number are told apart', () => {
  expect(displayPath('\u009b')).toBe('\\x9b');
  expect(displayPath(toBytePath('\u009b'))).toBe('\\xc2\\x9b');
});

test('patterns see marks of writing direction, as names copied from a phone have them', () => {
  expect(globPath(toBytePath('\u200eIMG\u001b.jpg'))).toBe('\u200eIMG\\x1b.jpg');
});

/**
 * Names of members without a backslash: V8 takes an escaped name for one that it met before where both begin with the
 * same backslash (nodejs/node#63785), so JSON.parse would be no oracle.
 */
const memberName = nasty.map((name) => name.replaceAll('\\', ''));

test('JSON for a terminal is the same document', () => {
  fc.assert(
    fc.property(fc.dictionary(memberName, fc.array(nasty)), (document) => {
      const text = jsonText(document);
      expect(text).not.toMatch(DRIVING);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
    }),
    { numRuns: tries(200, 5000) },
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, pathText, toBytePath, utf8Of } from './byte-path.ts';

const anyPath = fc
  .oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
  )
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

test('any bytes are a text that leads back to them, through JSON and below other text, too', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const text = pathText(path);
      expect(toBytePath(text)).toBe(path);
      expect(toBytePath(JSON.parse(JSON.stringify(text)) as string)).toBe(path);
      expect(toBytePath(`/srv/\u00e9\u{1f600}/${text}`)).toBe(toBytePath('/srv/\u00e9\u{1f600}/') + path);
    }),
  );
});

test('UTF-8 is text as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const path = toBytePath(text);
      expect(bytesOf(path)).toEqual(Buffer.from(text));
      expect([utf8Of(path), pathText(path)]).toEqual([text, text]);
    }),
  );
});

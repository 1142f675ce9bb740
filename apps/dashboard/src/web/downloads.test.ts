import { displayPath } from '@gofr-backup/model';
import { tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downloadHeaders } from './downloads.ts';

test('a name of any bytes makes one header, which names the file as it is shown', () => {
  const names = fc
    .uint8Array({ minLength: 1, maxLength: 60 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(names, (bytes) => {
      const name = displayPath(bytes);
      const header = new Headers(downloadHeaders(name)).get('content-disposition') ?? '';
      const [, plain, exact = ''] =
        /^attachment; filename="([^"\\]*)"; filename\*=UTF-8''([\w.!~*%-]*)$/.exec(header) ?? [];
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      expect(decodeURIComponent(exact)).toBe(name);
      expect(plain).toHaveLength(name.length);
    }),
    { numRuns: tries(1000, 50_000) },
  );
});

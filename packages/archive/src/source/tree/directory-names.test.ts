import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytesOf } from '@gofr-backup/model';
import { askWithoutTypes, isMissing } from '@gofr-backup/testing';
import { type DirectoryNames, directoryNames, packedNames } from './directory-names.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'directory-names-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const listed = (names: DirectoryNames): string[] =>
  Array.from({ length: names.length }, (_, n) => names.at(n));

/** any bytes but NUL and the slash, a character each */
const name = fc
  .uint8Array({ minLength: 1, maxLength: 200 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 1 : byte))).toString('latin1'))
  .filter((text) => text !== '.' && text !== '..');

it('answers the names by their bytes, the large directory as the small one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
      for (const one of names) writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), bytesOf(one)]), '');
      const sorted = names.toSorted();
      expect(listed(directoryNames(directory, 0))).toEqual(sorted);
      expect(listed(packedNames(directory))).toEqual(sorted);
      rmSync(directory, { recursive: true });
      directory = mkdtempSync(join(tmpdir(), 'directory-names-'));
    }),
    { numRuns: 50 },
  );
});

it('holds more names than fit one piece of memory', () => {
  const names = Array.from({ length: 6000 }, (_, n) => `${'long-'.repeat(40)}${n}`);
  for (const one of names) writeFileSync(join(directory, one), '');
  expect(listed(packedNames(directory))).toEqual(names.toSorted());
});

it('throws what the file system says', () => {
  expect(() => directoryNames(join(directory, 'missing'), 0)).toThrow('ENOENT');
});

it.skipIf(isMissing('cc'))('finds all names of a large one where the file system tells no types', () => {
  const names = ['a', 'caf\xe9', 'z'];
  const data = join(directory, 'data');
  mkdirSync(data);
  for (const one of names) writeFileSync(bytesOf(`${data}/${one}`), '');
  const script = `
    import { directoryNames } from '${import.meta.resolve('./directory-names.ts')}';
    const names = directoryNames(${JSON.stringify(data)}, 2 ** 30);
    console.log(JSON.stringify(Array.from({ length: names.length }, (_, n) => names.at(n))));`;
  expect(askWithoutTypes(directory, script)).toEqual(names);
});

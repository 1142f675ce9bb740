/** The bytes of header blocks, whatever block was written before. */
import { expect, test } from 'vitest';
import { BLOCK, hasValidChecksum, parseHeader } from './header.ts';
import { type HeaderFields, writeHeaderBlocks } from './header-blocks.ts';

const file: HeaderFields = {
  path: 'a/b',
  type: 'file',
  size: 5,
  mode: 0o644,
  uid: 1,
  gid: 2,
  mtimeNs: 1_700_000_000n * 1_000_000_000n,
};
const TEXT =
  'a/b'.padEnd(100, '\0') + '0000644\0' + '0000001\0' + '0000002\0' + '00000000005\0' + '14524770400\0';

function written(entry: HeaderFields): Buffer {
  const target = Buffer.alloc(8 * BLOCK, 0xff);
  return target.subarray(0, writeHeaderBlocks(target, 0, entry));
}

test('a header has the same bytes, whatever was written before', () => {
  const before: HeaderFields[] = [
    file,
    { ...file, uid: 0xffff_fffe, gid: 0o7777_7777, size: 2 ** 40 },
    { ...file, type: 'symlink', linkTarget: 'elsewhere', size: 0, mode: 0o7777 },
    { ...file, type: 'directory', path: `${'d'.repeat(90)}/${'e'.repeat(60)}`, size: 0 },
    { ...file, mtimeNs: -1n },
  ];
  for (const other of before) {
    written(other);
    const block = written(file);
    expect(block.toString('latin1', 0, 148)).toBe(TEXT);
    expect(block.toString('latin1', 148, 156)).toMatch(/^[0-7]{6}\0 $/);
    expect(block.toString('latin1', 156, 265)).toBe(`0${'\0'.repeat(100)}ustar\x0000`);
    expect(block.subarray(265).every((byte) => byte === 0)).toBe(true);
    expect(hasValidChecksum(block)).toBe(true);
  }
});

test('every block has a valid checksum and the numbers that were asked for', () => {
  for (const uid of [0, 1, 0o7777777, 0o10000000, 0x7fff_ffff, 0xffff_fffe])
    for (const size of [0, 511, 0x7fff_ffff, 0x8000_0000, 8 ** 11 - 1, 8 ** 11, 2 ** 52]) {
      const block = written({ ...file, uid, size });
      expect(hasValidChecksum(block)).toBe(true);
      expect([parseHeader(block).uid(), parseHeader(block).size()]).toEqual([uid, size]);
    }
});

test.each([
  [1n, '0.000000001'],
  [-1n, '-0.000000001'],
  [-1_500_000_000n, '-1.500000000'],
  [1_700_000_000_000_000_010n, '1700000000.000000010'],
])('the time %s is the record %s', (mtimeNs, text) => {
  const blocks = written({ ...file, mtimeNs });
  expect(blocks.toString('latin1', BLOCK, 2 * BLOCK)).toContain(` mtime=${text}\n`);
});

import { closeSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { DirectoryHandle } from '@gofr-backup/posix';
import { afterAll, expect, test } from 'vitest';
import { createFile, writePart } from './file-writer.ts';
import { inflateRoom, inflateSegment } from '../codec/inflate-segment.ts';
import { noisy } from '../codec/mixed-bytes.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'gofr-writer-'));
const { fd } = DirectoryHandle.open(root);
afterAll(() => {
  closeSync(fd);
  rmSync(root, { recursive: true, force: true });
});

const PAGE = 4096;
const content = noisy(64 * PAGE + 100);

/** The same bytes where the decoder would have them: memory that direct writes take. */
function inDecoder(bytes: Buffer, skew = 0): Buffer {
  const stream = deflateRawSync(bytes);
  const room = inflateRoom(stream.length, bytes.length);
  room.set(stream);
  return inflateSegment(room, 0, bytes.length, skew)!.raw;
}

test('parts in any order, of any length and wherever they lie in memory, make the file', () => {
  const cuts = fc.uniqueArray(
    fc.oneof(
      fc.integer({ min: 1, max: 64 }).map((pages) => pages * PAGE),
      fc.integer({ min: 1, max: 64 * PAGE + 99 }),
    ),
    { maxLength: 6 },
  );
  let n = 0;
  fc.assert(
    fc.property(
      cuts,
      fc.boolean(),
      fc.constantFrom('pages', 'skewed', 'no'),
      (places, backwards, decoded) => {
        const path = `file-${n++}`;
        closeSync(createFile(fd, path));
        const ends = [...places.toSorted((a, b) => a - b), content.length];
        const parts = ends.map((end, at) => ({ offset: at === 0 ? 0 : ends[at - 1]!, end }));
        for (const { offset, end } of backwards ? parts.toReversed() : parts) {
          const bytes = content.subarray(offset, end);
          const skew = decoded === 'skewed' ? offset % PAGE : 0;
          const moved = decoded === 'no' ? Buffer.from(bytes) : inDecoder(bytes, skew);
          if (decoded !== 'no') expect(moved.byteOffset % PAGE).toBe(skew);
          writePart(fd, path, moved, { offset, sparse: false });
        }
        expect(readFileSync(join(root, path)).equals(content)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a link in the place of the file is not followed', () => {
  writeFileSync(join(root, 'precious'), 'precious');
  symlinkSync('precious', join(root, 'link'));
  for (const length of [PAGE, 5]) {
    expect(() =>
      writePart(fd, 'link', inDecoder(Buffer.alloc(length)), { offset: 0, sparse: false }),
    ).toThrow('ELOOP');
  }
  expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('precious');
});

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compressedBound, compressFrame, decompressFrame, isCodecError } from './codecs.ts';
import { decodeStream } from '../read/stream-decoder.ts';

/** Compressed still more than a pipe holds: a filter that refuses the beginning never reads the end. */
const RAW = Buffer.concat([Buffer.from('a frame of some text\n'.repeat(200)), randomBytes(300_000)]);
const directories: string[] = [];
const { PATH = '' } = process.env;

afterEach(() => {
  process.env['PATH'] = PATH;
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function stored(name: 'gzip' | 'zstd' | 'bzip2' | 'xz'): Buffer {
  const target = Buffer.alloc(compressedBound(RAW.length));
  return target.subarray(0, compressFrame({ name, level: 3 }, RAW, [], target));
}

/** An `xz` that ends as `script` says. */
function failingXz(script: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'failing-xz-'));
  directories.push(directory);
  writeFileSync(join(directory, 'xz'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'xz'), 0o755);
  process.env['PATH'] = directory + delimiter + PATH;
  return directory;
}

test.each(['gzip', 'zstd', 'bzip2', 'xz'] as const)('%s: a flipped or a missing byte is damage', (name) => {
  const frame = stored(name);
  for (const at of [0, frame.length >> 1, frame.length - 1]) {
    const flipped = Buffer.from(frame);
    flipped[at]! ^= 0xff;
    expect(() => decompressFrame(name, flipped, RAW.length)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }),
    );
  }
  for (const wrong of [frame.subarray(0, -1), Buffer.concat([frame, frame])])
    expect(() => decompressFrame(name, wrong, RAW.length)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }),
    );
});

test.each([
  ['is killed', 'kill -9 $$'],
  ['has no memory', 'echo "xz: (stdin): Cannot allocate memory" >&2; exit 1'],
])('a filter that %s proves no damage', async (_, script) => {
  const frame = stored('xz');
  const directory = failingXz(script);
  expect(() => decompressFrame('xz', frame, RAW.length)).toThrow(
    expect.not.objectContaining({ code: 'ARCHIVE_DAMAGED' }),
  );
  const path = join(directory, 'archive');
  writeFileSync(path, frame);
  const archive = await open(path, 'r');
  const { signal } = new AbortController();
  const decoded = decodeStream(archive, 'xz', { signal });
  await expect(decoded.next()).rejects.toEqual(expect.not.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
  await archive.close();
});

test('neither a lack of memory nor a mistake is a codec’s error', () => {
  for (const code of ['Z_MEM_ERROR', 'ZSTD_error_memory_allocation', 'ERR_ZLIB_INITIALIZATION_FAILED', 'EIO'])
    expect(isCodecError(Object.assign(new Error(code), { code }))).toBe(false);
  expect(isCodecError(new TypeError('Cannot perform transfer'))).toBe(false);
  expect(isCodecError(Object.assign(new Error('incorrect data check'), { code: 'Z_DATA_ERROR' }))).toBe(true);
});

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type ArchiveFile,
  ArchiveWriter,
  CHUNK_BYTES,
  chunkMemory,
  createArchiveFile,
} from './archive-writer.ts';

/** no whole number of them is a chunk */
const PIECE = randomBytes(999_999);
/** enough for the disk to be told in between */
const COUNT = 70;
const WHOLE = Buffer.concat(Array.from({ length: COUNT }, () => PIECE));
let directory: string;
let archive: ArchiveFile;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'archive-writer-'));
  archive = await createArchiveFile(join(directory, 'archive'));
});
afterEach(async () => {
  await archive.file.close();
  await archive.direct?.close();
  rmSync(directory, { recursive: true });
});

async function write(to: ArchiveFile): Promise<string> {
  const memory = chunkMemory();
  const sum = createHash('sha256');
  const writer = new ArchiveWriter(to, memory, async (chunk, length) =>
    sum
      .update(Buffer.from(memory, chunk * CHUNK_BYTES, length))
      .copy()
      .digest(),
  );
  for (let n = 0; n < COUNT; n++) await writer.append(PIECE);
  return writer.finish();
}

async function expectWhole(to: ArchiveFile): Promise<void> {
  const sum = await write(to);
  expect(readFileSync(join(directory, 'archive')).equals(WHOLE)).toBe(true);
  expect(sum).toBe(createHash('sha256').update(WHOLE).digest('hex'));
}

/** The handle's call fails the first time, and only then; answers how often it was called. */
function failOnce(handle: FileHandle, call: 'datasync' | 'sync' | 'write', code: string): () => number {
  const real = handle[call].bind(handle) as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  Object.assign(handle, {
    [call]: async (...args: unknown[]) => {
      if (calls++ === 0) throw Object.assign(new Error('it fails'), { code });
      return real(...args);
    },
  });
  return () => calls;
}

it('writes every byte, and answers their hash', () => expectWhole(archive));

it('writes every byte where nothing can go past the page cache', () => expectWhole({ file: archive.file }));

it('writes through the page cache what the file system refuses to take directly', async () => {
  const direct = archive.direct ?? archive.file;
  const calls = failOnce(direct, 'write', 'EINVAL');
  await expectWhole({ file: archive.file, direct });
  expect(calls()).toBeGreaterThan(1);
});

it.each(['datasync', 'sync', 'write'] as const)(
  'fails when %s fails, though all later calls succeed',
  async (call) => {
    const calls = failOnce(archive.file, call, 'ENOSPC');
    await expect(write({ file: archive.file })).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(calls()).toBeGreaterThan(0);
  },
);

it('fails when a direct write does', async () => {
  const direct = archive.direct ?? archive.file;
  failOnce(direct, 'write', 'EIO');
  await expect(write({ file: archive.file, direct })).rejects.toMatchObject({ code: 'EIO' });
});

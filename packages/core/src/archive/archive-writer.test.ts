import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ArchiveWriter } from './archive-writer.ts';

const MB = Buffer.alloc(1 << 20, 'archive');
/** enough for the disk to be told in between */
const LENGTH = 70;
let directory: string;
let file: FileHandle;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'archive-writer-'));
  file = await open(join(directory, 'archive'), 'wx');
});
afterEach(async () => {
  await file.close();
  rmSync(directory, { recursive: true });
});

async function write(): Promise<string> {
  const writer = new ArchiveWriter(file);
  for (let n = 0; n < LENGTH; n++) await new Promise<void>((written) => writer.append(MB, written));
  return writer.finish();
}

it('writes every byte, and answers their hash', async () => {
  const sum = await write();
  const bytes = readFileSync(join(directory, 'archive'));
  expect(bytes.length).toBe(LENGTH << 20);
  expect(sum).toBe(createHash('sha256').update(bytes).digest('hex'));
});

it.each(['datasync', 'sync', 'write'] as const)(
  'fails when %s fails, though all later calls succeed',
  async (call) => {
    const real = file[call].bind(file) as (...args: unknown[]) => Promise<unknown>;
    let calls = 0;
    Object.assign(file, {
      [call]: async (...args: unknown[]) => {
        if (calls++ === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return real(...args);
      },
    });
    await expect(write()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(calls).toBeGreaterThan(0);
  },
);

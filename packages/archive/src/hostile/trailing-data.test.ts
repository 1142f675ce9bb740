import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { hostileTar, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { extractTo, opened, testPorts } from '../read/reading.fixture.ts';

const honest = hostileTar([{ name: 'honest', content: 'x' }]);
const second = hostileTar([{ name: '../outside', content: 'x' }]);
const run = (program: string) => (input: Buffer) => execFileSync(program, ['-c'], { input });
const garbage = Buffer.from('garbage');

const CASES: [string, Buffer][] = [
  ['a second archive behind the end', Buffer.concat([honest, second])],
  ['a second archive, compressed together', gzipSync(Buffer.concat([honest, second]))],
  ['a second archive in a gzip member of its own', Buffer.concat([gzipSync(honest), gzipSync(second)])],
  ['garbage after gzip', Buffer.concat([gzipSync(honest), garbage])],
  [
    'zeros after gzip, and a second archive',
    Buffer.concat([gzipSync(honest), Buffer.alloc(512), gzipSync(second)]),
  ],
  ['garbage after zstd', Buffer.concat([zstdCompressSync(honest), garbage])],
  ['garbage after bzip2', Buffer.concat([run('bzip2')(honest), garbage])],
  ['garbage after xz', Buffer.concat([run('xz')(honest), garbage])],
  ['no end mark', honest.subarray(0, -1024)],
  ['gzip cut short', gzipSync(honest).subarray(0, -3)],
  ['zstd cut short', zstdCompressSync(honest).subarray(0, -3)],
  ['bzip2 cut short', run('bzip2')(honest).subarray(0, -3)],
  ['xz cut short', run('xz')(honest).subarray(0, -3)],
  ['tar cut within a header', honest.subarray(0, 300 + 1024)],
];

test.each(CASES)('%s: damaged, and nothing is written', async (_, archive) => {
  await using scratch = await temporaryDirectory();
  const archivePath = join(scratch.path, 'archive');
  writeFileSync(archivePath, archive);
  const out = join(scratch.path, 'out');
  await expect(extractTo(archivePath, out)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  expect(await readdir(out)).toEqual([]);
  await using reader = await opened({ archivePath });
  const report = await reader.verify(testPorts());
  expect(report.ok).toBe(false);
  expect(report.problems).not.toEqual([]);
});

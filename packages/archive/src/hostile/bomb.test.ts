import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { hostileTar, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { extractTo, opened, testPorts } from '../read/reading.fixture.ts';
import { attack } from './attack.fixture.ts';

const TERABYTE = 1024 ** 4;
const HUGE = { name: 'huge', patches: { 124: Buffer.from('800000000000010000000000', 'hex') } };

attack('a file that says it is larger than its archive can hold', {
  members: [{ name: 'first', content: 'x' }, HUGE],
  entry: '"huge"',
  reason: /declares more bytes than the whole archive can hold/,
  unspeakable: true,
});

test('an archive that would fill the disk with what compresses too well is refused by its headers alone', async () => {
  await using scratch = await temporaryDirectory();
  const { bavail, bsize } = await statfs(scratch.path);
  const declared = bavail * bsize + 2 * TERABYTE;
  const size = Buffer.alloc(12);
  size[0] = 0x80;
  size.writeBigUInt64BE(BigInt(declared), 4);
  const archivePath = join(scratch.path, 'bomb.tar.gz');
  writeFileSync(
    archivePath,
    gzipSync(hostileTar([{ name: 'bomb', patches: { 124: size } }], { end: false })),
  );
  truncateSync(archivePath, Math.ceil(declared / 1000));
  const out = join(scratch.path, 'out');
  await expect(extractTo(archivePath, out)).rejects.toMatchObject({
    code: 'ARCHIVE_HOSTILE',
    message: expect.stringMatching(/"bomb" was refused: .*fills the disk/),
  });
  expect(await readdir(out)).toEqual([]);
});

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
])('%s that goes on after the end of the archive is not decompressed for ever', async (_, compress) => {
  await using scratch = await temporaryDirectory();
  const archivePath = join(scratch.path, 'bomb');
  writeFileSync(
    archivePath,
    compress(Buffer.concat([hostileTar([{ name: 'small', content: 'x' }]), Buffer.alloc(80 << 20)])),
  );
  const out = join(scratch.path, 'out');
  await expect(extractTo(archivePath, out)).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
    message: expect.stringContaining('data after its end'),
  });
  expect(await readdir(out)).toEqual([]);
});

test('an extended header of gigabytes is refused before it is read', async () => {
  await using scratch = await temporaryDirectory();
  const archivePath = join(scratch.path, 'bomb');
  const header = hostileTar([{ name: 'PaxHeaders/0', type: 'x', size: 2 ** 32 - 1 }], { end: false });
  writeFileSync(archivePath, gzipSync(Buffer.concat([header, Buffer.alloc(1 << 20)])));
  mkdirSync(join(scratch.path, 'out'));
  await using reader = await opened({ archivePath });
  await expect(
    reader.extract({ ...testPorts(), directory: join(scratch.path, 'out') }),
  ).rejects.toMatchObject({
    code: 'ARCHIVE_HOSTILE',
    message: expect.stringMatching(/extended header is 4294967295 bytes long/),
  });
});

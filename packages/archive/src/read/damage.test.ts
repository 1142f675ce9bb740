/** Random damage to an archive or its index is found or harmless; it never crashes, hangs or restores wrong bytes. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, type Compression } from '@gofr-backup/model';
import { makeTree, readTree, symlink, temporaryDirectory, type TreeEntry } from '@gofr-backup/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archive } from '../write/create.fixture.ts';
import { TRAILER_BYTES } from '../index/footer.ts';
import { opened, testPorts } from './reading.fixture.ts';
import type { ExtractReport } from '../types.ts';

const TREE = {
  notes: Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`note-${n}`, `line ${n}\n`.repeat(20)])),
  blob: Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 7919) % 251)),
  link: symlink('notes/note-1'),
};
const RUNS = 25;

let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
let wanted: Record<string, TreeEntry>;
const originals = new Map<Compression, { archive: Buffer; index: Buffer; sha256: string }>();

beforeAll(async () => {
  scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), TREE);
  wanted = await readTree(source, { without: ['mtimeNs'] });
  for (const codec of ['gzip', 'zstd', 'none'] as const) {
    const path = join(scratch.path, codec);
    const { sha256 } = await archive(source, path, { codec });
    originals.set(codec, { archive: readFileSync(path), index: readFileSync(`${path}.idx`), sha256 });
  }
});
afterAll(() => scratch[Symbol.asyncDispose]());

interface Flip {
  at: number;
  bits: number;
}
const flips = fc.array(fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }), {
  minLength: 1,
  maxLength: 3,
});

function flipped(bytes: Buffer, changes: Flip[], length = bytes.length): Buffer {
  const copy = Buffer.from(bytes);
  for (const { at, bits } of changes) copy[at % length]! ^= bits;
  return copy;
}

/** The right tree, or an error that says what is wrong with the archive; nothing else. */
async function extractOrRefuse(files: {
  archivePath: string;
  indexPath?: string;
}): Promise<'right' | BackupError> {
  const directory = join(scratch.path, 'out');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  await using reader = await opened(files);
  const report: ExtractReport | BackupError = await reader
    .extract({ ...testPorts(), directory })
    .catch((error: unknown) => error as BackupError);
  if (report instanceof Error) {
    expect(report).toBeInstanceOf(BackupError);
    expect(['ARCHIVE_DAMAGED', 'ARCHIVE_HOSTILE', 'DISK_FULL']).toContain(report.code);
    return report;
  }
  expect(await readTree(join(directory, 'storage'), { without: ['mtimeNs'] })).toEqual(wanted);
  return 'right';
}

function put(archiveBytes: Buffer, index: Buffer): { archivePath: string; indexPath: string } {
  const archivePath = join(scratch.path, 'damaged');
  writeFileSync(archivePath, archiveBytes);
  writeFileSync(`${archivePath}.idx`, index);
  return { archivePath, indexPath: `${archivePath}.idx` };
}

describe.each(['gzip', 'zstd', 'none'] as const)('%s', (codec) => {
  test('flipped bits of the archive are found by its checksum and by its index, and never restored', async () => {
    const original = originals.get(codec)!;
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const bytes = flipped(original.archive, changes);
        fc.pre(!bytes.equals(original.archive));
        const files = put(bytes, original.index);
        let reader;
        try {
          reader = await opened(files);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
          return;
        }
        const report = await reader.verify(testPorts(), original.sha256);
        await reader.close();
        expect(report.ok).toBe(false);
        expect(report.problems.length).toBeGreaterThan(1);
        await extractOrRefuse(files);
      }),
      { numRuns: RUNS },
    );
  });

  test('flipped bits of an archive without index and checksum are found, or change nothing that is restored', async () => {
    // a plain tar has no checksum over content: that is what the sidecar is for
    if (codec === 'none') return;
    const original = originals.get(codec)!;
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const { archivePath } = put(flipped(original.archive, changes), Buffer.alloc(0));
        let reader;
        try {
          reader = await opened({ archivePath });
        } catch (error) {
          expect(error).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
          return;
        }
        const { ok } = await reader.verify(testPorts());
        await reader.close();
        expect(await extractOrRefuse({ archivePath })).toEqual(ok ? 'right' : expect.any(BackupError));
      }),
      { numRuns: RUNS },
    );
  });

  test('what is made an index of on the way is judged as the stream judges it', async () => {
    const original = originals.get(codec)!;
    const damage = fc.oneof(
      flips.map((changes) => flipped(original.archive, changes)),
      fc.nat(original.archive.length).map((length) => original.archive.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((more) => Buffer.concat([original.archive, more])),
      fc.nat(2000).map((length) => Buffer.concat([original.archive, Buffer.alloc(length)])),
      fc.constant(Buffer.concat([original.archive, original.archive])),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        const { archivePath, indexPath } = put(bytes, Buffer.alloc(0));
        rmSync(indexPath);
        const made = async () => ({ path: indexPath });
        const verdict = (place?: typeof made) =>
          opened({ archivePath })
            .then(async (reader) => {
              const report = await reader.verify(testPorts(), undefined, place);
              await reader.close();
              return report;
            })
            .catch((error: BackupError) => error.code);
        const asStream = await verdict();
        const onTheWay = await verdict(made);
        if (typeof onTheWay === 'object') delete onTheWay.indexMade;
        expect(onTheWay).toEqual(asStream);
        if (typeof asStream === 'string' || !asStream.ok) expect(existsSync(indexPath)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  test('a truncated archive is found, wherever it ends', async () => {
    const original = originals.get(codec)!;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 512, max: original.archive.length - 1 }), async (length) => {
        const files = put(original.archive, original.index);
        truncateSync(files.archivePath, length);
        await using reader = await opened(files);
        expect(reader.indexed).toBe(false);
        expect(await reader.verify(testPorts())).toMatchObject({ ok: false });
        expect(await extractOrRefuse(files)).toBeInstanceOf(BackupError);
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });
});

test('a damaged index is not used; the archive is read all the same', async () => {
  const original = originals.get('gzip')!;
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const index = flipped(original.index, changes);
      fc.pre(!index.equals(original.index));
      const files = put(original.archive, index);
      await using reader = await opened(files);
      expect(reader.indexed).toBe(false);
      expect(await reader.verify(testPorts(), original.sha256)).toMatchObject({ ok: true, problems: [] });
      expect(await extractOrRefuse(files)).toBe('right');
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});

test('an index changed by one who can make its checksum right restores the right files or nothing', async () => {
  const original = originals.get('gzip')!;
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const body = original.index.length - TRAILER_BYTES;
      const index = flipped(original.index, changes, body);
      createHash('sha256')
        .update(index.subarray(0, body))
        .digest()
        .copy(index, body + 8);
      const files = put(original.archive, index);
      await using reader = await opened(files);
      const report = await reader.verify(testPorts(), original.sha256);
      expect(report).toMatchObject({ ok: true, problems: [] });
      await extractOrRefuse(files);
      // the index that verify found wrong is not used any more
      const directory = join(scratch.path, 'after');
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      await reader.extract({ ...testPorts(), directory });
      expect(await readTree(join(directory, 'storage'), { without: ['mtimeNs'] })).toEqual(wanted);
    }),
    { numRuns: RUNS },
  );
});

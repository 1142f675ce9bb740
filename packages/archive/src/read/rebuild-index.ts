/** Makes the index of an archive anew, from the archive alone. */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { BackupError, type Compression, toBackupError } from '@gofr-backup/model';
import { digestFrame } from '../codec/digest.ts';
import { paddedLength } from '../index/file.ts';
import type { PagedEntry } from '../index/page.ts';
import { MAX_FRAME_BYTES } from '../index/sections.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import type { FrameKind } from '../index/types.ts';
import { IndexWriter } from '../index/writer.ts';
import { entryOf, SafetyCheck } from '../extract/safety.ts';
import { NotFramed, type StoredUnit, storedUnits } from './stored-units.ts';
import { detectCompression } from './stream-decoder.ts';
import { mayHaveHoles } from './stream-source.ts';
import { type TarMember, TarParser } from '../tar/parser.ts';
import type { RebuildIndex } from '../types.ts';

/**
 * An archive of another tool that is one compressed stream gets no index: none would help to read a part of it. The
 * inodes and change times of the files are gone, so a rebuilt index serves reading, and the next run reuses nothing.
 */
export const rebuildIndex: RebuildIndex = async (options) => {
  const { archivePath, indexPath, logger, signal } = options;
  const archive = await open(archivePath, 'r');
  // the form that a sweep removes, but of no archive's name: half an index must not be taken for one
  const temporary = join(
    dirname(indexPath),
    `.tmp-${randomBytes(6).toString('hex')}-rebuilt-${basename(indexPath)}`,
  );
  try {
    const index = await open(temporary, 'wx', 0o600);
    try {
      await writeIndex(archive, index, options);
      await index.sync();
    } finally {
      await index.close();
    }
    await rename(temporary, indexPath);
    await syncDirectory(dirname(indexPath));
  } catch (cause) {
    await rm(temporary, { force: true });
    if (!(cause instanceof NotFramed)) throw translated(cause, signal);
    logger.info(
      { archivePath, reason: cause.message },
      'the archive is read as a stream, an index would not help',
    );
  } finally {
    await archive.close();
  }
};

async function writeIndex(
  archive: FileHandle,
  index: FileHandle,
  options: Parameters<RebuildIndex>[0],
): Promise<void> {
  const { archivePath, progress, signal } = options;
  const { size } = await archive.stat();
  const codec = await detectCompression(archive);
  const writer = new IndexWriter(index);
  const check = new SafetyCheck();
  const hash = createHash('sha256');
  const done = { bytes: 0, files: 0 };
  for await (const frame of framesOf(storedUnits(codec, { archive, archivePath, size, signal }))) {
    const stored = Buffer.concat(frame.stored);
    hash.update(stored);
    for (const entry of frame.entries) check.admit(entry);
    await writer.add(
      { ...frame, length: stored.length, crc32: crc32(stored), reusable: false },
      frame.entries,
    );
    done.bytes += stored.length;
    done.files += frame.entries.length;
    progress({ phase: 'index', ...done, totalBytes: size });
    await nextTurn();
  }
  await writer.finish(factsOf(codec, hash.digest('hex'), size));
}

/** The level is not to be seen in an archive, and no frame of it is reused. */
function factsOf(
  codec: Compression,
  archiveSha256: string,
  archiveSize: number,
): Parameters<IndexWriter['finish']>[0] {
  return { codec, level: 0, archiveSha256, archiveSize, walkStartNs: '0' };
}

interface FoundFrame {
  kind: FrameKind;
  stored: Buffer[];
  rawLength: number;
  digest: Buffer;
  entries: PagedEntry[];
}

/** Puts units together until an entry ends where a unit ends, as the writer laid them. Throws NotFramed if that never is. */
async function* framesOf(units: AsyncIterable<StoredUnit>): AsyncGenerator<FoundFrame> {
  let frame = new FrameInMaking();
  /** bytes of a large file's content still to come, padded */
  let sliceLeft = 0;
  for await (const unit of units) {
    if (sliceLeft > 0) {
      yield sliceOf(unit, sliceLeft);
      sliceLeft -= unit.raw.length;
      continue;
    }
    frame.add(unit);
    if (!frame.complete) continue;
    yield frame.finish();
    sliceLeft = frame.slicedBytes;
    frame = new FrameInMaking();
  }
  if (frame.begun || sliceLeft > 0) throw new NotFramed('its entries do not end with its parts');
}

function sliceOf({ stored, raw }: StoredUnit, left: number): FoundFrame {
  if (raw.length === 0 || raw.length % 512 !== 0 || raw.length > Math.min(left, SLICE_BYTES))
    throw new NotFramed('a large file is not cut into slices');
  return {
    kind: 'slice',
    stored: [stored],
    rawLength: raw.length,
    digest: digestFrame(raw, []).digest,
    entries: [],
  };
}

class FrameInMaking {
  readonly #stored: Buffer[] = [];
  readonly #raw: Buffer[] = [];
  readonly #members: TarMember[] = [];
  readonly #parser = new TarParser({ member: (member) => void this.#members.push(member), data() {} });
  #length = 0;

  get begun(): boolean {
    return this.#raw.length > 0;
  }

  /** Padded bytes of the content that slices after this frame hold. */
  get slicedBytes(): number {
    const last = this.#members.at(-1);
    if (!last || last.type !== 'file' || last.size <= SLICE_BYTES) return 0;
    return this.#parser.remaining === paddedLength(last.size) ? paddedLength(last.size) : 0;
  }

  get complete(): boolean {
    return this.#parser.ended || this.#parser.atBoundary || this.slicedBytes > 0;
  }

  add({ stored, raw }: StoredUnit): void {
    this.#stored.push(stored);
    this.#raw.push(raw);
    this.#length += raw.length;
    if (this.#length > MAX_FRAME_BYTES) throw new NotFramed('no entry ends where a part of it ends');
    this.#parser.push(raw);
  }

  finish(): FoundFrame {
    const raw = Buffer.concat(this.#raw);
    const kind = this.#parser.ended ? 'end' : 'entries';
    if (kind === 'end' && this.#members.length > 0) throw new NotFramed('its end is not a part of its own');
    const entries = this.#entries();
    const spans = this.#spans();
    const { digest, hashes } = digestFrame(raw, spans);
    let next = 0;
    entries.forEach((entry, at) => {
      if (spans[next]?.start === this.#members[at]!.headerEnd && entry.size > 0) entry.hash = hashes[next++]!;
    });
    return { kind, stored: this.#stored, rawLength: raw.length, digest, entries };
  }

  #spans(): { start: number; end: number }[] {
    const whole = this.slicedBytes > 0 ? this.#members.slice(0, -1) : this.#members;
    return whole
      .filter(({ type, size }) => type === 'file' && size > 0)
      .map(({ headerEnd, size }) => ({ start: headerEnd, end: headerEnd + size }));
  }

  #entries(): PagedEntry[] {
    let end = 0;
    return this.#members.map((member, at) => {
      const entry = entryOf(member);
      if (!entry || member.sparse || member.xattrs || member.start !== end) {
        throw new NotFramed('it has entries that only a stream can hold');
      }
      end = member.headerEnd + paddedLength(member.size);
      const { path, type, size, mode, uid, gid, mtimeNs, linkTarget } = entry;
      const sliced = this.slicedBytes > 0 && at === this.#members.length - 1;
      return {
        ...{
          path,
          type,
          size,
          mode,
          uid,
          gid,
          mtimeNs,
          ctimeNs: 0n,
          ino: 0,
          sparse: mayHaveHoles(entry),
          sliced,
        },
        headerLength: member.headerEnd - member.start,
        ...(linkTarget !== undefined && { linkTarget }),
      };
    });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function translated(cause: unknown, signal: AbortSignal): BackupError {
  if (signal.aborted && !(cause instanceof BackupError))
    return new BackupError('CANCELLED', 'Rebuilding the index was cancelled.', { cause });
  return toBackupError(cause, 'Rebuilding the index');
}

/** An index made from its archive alone. What is read for it is proved as a stream would prove it. */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type Compression, type Ports, storedSizeOf } from '@gofr-backup/model';
import { syncDirectory } from '@gofr-backup/posix';
import { SafetyCheck } from '../extract/safety.ts';
import { IndexWriter } from '../index/writer.ts';
import { framesOf } from './found-frames.ts';
import { NotFramed, storedUnits } from './stored-units.ts';

export interface IndexedArchive {
  archive: FileHandle;
  archivePath: string;
  codec: Compression;
  size: number;
}

/** What was found on the way. */
interface Proof {
  check: SafetyCheck;
  sha256: string;
  /** links included, directories not */
  files: number;
  bytes: number;
}

/** Lies under a temporary name until it is installed; disposing of it removes what was not. */
export class NewIndex implements AsyncDisposable {
  readonly proof: Proof;
  readonly #indexPath: string;
  readonly #temporary: string;

  private constructor(proof: Proof, indexPath: string, temporary: string) {
    this.proof = proof;
    this.#indexPath = indexPath;
    this.#temporary = temporary;
  }

  /**
   * Decodes the archive once. An archive of another tool that is one compressed stream gets no index: none would help to
   * read a part of it. Throws NotFramed for such a one, ARCHIVE_DAMAGED and ARCHIVE_HOSTILE.
   */
  static async make(
    of: IndexedArchive,
    indexPath: string,
    ports: Ports,
    phase: 'index' | 'verify',
  ): Promise<NewIndex> {
    // The name has the form that a sweep removes but belongs to no archive, so that half an index is never taken for
    // an index.
    const name = `.tmp-${randomBytes(6).toString('hex')}-rebuilt-${basename(indexPath)}`;
    const temporary = join(dirname(indexPath), name);
    try {
      return new NewIndex(await writeIndex(of, temporary, ports, phase), indexPath, temporary);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw cause;
    }
  }

  async install(): Promise<void> {
    await rename(this.#temporary, this.#indexPath);
    await syncDirectory(dirname(this.#indexPath));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#temporary, { force: true });
  }
}

async function writeIndex(
  of: IndexedArchive,
  path: string,
  ports: Ports,
  phase: 'index' | 'verify',
): Promise<Proof> {
  const index = await open(path, 'wx', 0o600);
  try {
    const writer = new IndexWriter(index);
    const proof = await copyFrames(of, writer, ports, phase);
    // the level is not to be seen in an archive, and no frame of it is reused
    const facts = { codec: of.codec, level: 0, archiveSize: of.size, walkStartNs: '0', needs: ['xattrs'] };
    await writer.finish({ ...facts, archiveSha256: proof.sha256 });
    await index.sync();
    return proof;
  } finally {
    await index.close();
  }
}

async function copyFrames(
  of: IndexedArchive,
  writer: IndexWriter,
  { progress, signal }: Ports,
  phase: 'index' | 'verify',
): Promise<Proof> {
  const check = new SafetyCheck();
  const hash = createHash('sha256');
  const found = { files: 0, bytes: 0 };
  let done = 0;
  for await (const frame of framesOf(storedUnits(of.codec, { ...of, signal }))) {
    const stored = Buffer.concat(frame.stored);
    hash.update(stored);
    for (const entry of frame.entries) {
      check.admit(entry);
      if (entry.type !== 'directory') found.files++;
      found.bytes += storedSizeOf(entry);
    }
    const written = { ...frame, length: stored.length, crc32: crc32(stored), reusable: false };
    await writer.add(written, frame.entries);
    done += stored.length;
    progress({ phase, bytes: done, totalBytes: of.size, files: found.files });
    await nextTurn();
  }
  if (done !== of.size) throw new NotFramed('its parts are not the whole of it');
  return { check, sha256: hash.digest('hex'), ...found };
}

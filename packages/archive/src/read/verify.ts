/** Proves an archive: its checksum, that all of it decodes, and that every file and header is what the index says. */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type ArchiveEntry, BackupError, type Ports, storedSizeOf } from '@gofr-backup/model';
import type { IndexedSource } from './indexed-source.ts';
import type { NewIndex } from './new-index.ts';
import type { StreamSource } from './stream-source.ts';
import type { ArchiveProblem, VerifyReport } from '../types.ts';

const READ_BYTES = 1 << 20;
/** A report is for people; an archive of noise has more problems than they can read. */
const MAX_PROBLEMS = 100;

/** Collects damage in a list. Everything else (a cancellation, a failing disk) is thrown. */
class ProblemList {
  readonly list: ArchiveProblem[] = [];

  readonly add = (cause: unknown): void => {
    if (
      !(cause instanceof BackupError) ||
      (cause.code !== 'ARCHIVE_DAMAGED' && cause.code !== 'ARCHIVE_HOSTILE')
    )
      throw cause;
    if (this.list.length >= MAX_PROBLEMS) return;
    const { path } = cause.details;
    this.list.push({
      ...(typeof path === 'string' && { path }),
      message: cause.why ? `${cause.message} ${cause.why}` : cause.message,
    });
  };

  checkSha256(actual: string, expected: string | undefined, whose: string): void {
    if (expected === undefined || expected.toLowerCase() === actual) return;
    this.list.unshift({
      message: `The archive's SHA-256 is ${actual}, ${whose} says ${expected.toLowerCase()}.`,
    });
  }
}

/**
 * Verifies by the index, on all cores; every entry goes to `admit`. The index alone may be wrong, so after a problem
 * the stream decides.
 */
export async function verifyIndexed(
  source: IndexedSource,
  ports: Ports,
  admit: (entry: ArchiveEntry) => unknown,
  expectedSha256?: string,
): Promise<VerifyReport> {
  const problems = new ProblemList();
  const count = { files: 0, bytes: 0 };
  const frames = source
    .readAll({
      signal: ports.signal,
      entry: (entry) => {
        admit(entry);
        if (entry.type !== 'directory') count.files++;
      },
      done({ bytes }) {
        count.bytes += bytes;
        ports.progress({ phase: 'verify', ...count });
      },
      problem: problems.add,
    })
    .catch(problems.add);
  const [sha256] = await Promise.all([
    hashFrom(source.archive, createHash('sha256'), 0, ports.signal),
    frames,
  ]);
  problems.checkSha256(sha256, source.index.facts.archiveSha256, 'its index');
  problems.checkSha256(sha256, expectedSha256, 'its checksum file');
  return { ok: problems.list.length === 0, problems: problems.list, sha256, ...count };
}

/** By what was found while an index was made: nothing was wrong, else there were none. */
export function verifyFrames(
  { sha256, files, bytes }: NewIndex['proof'],
  expectedSha256?: string,
): VerifyReport {
  const problems = new ProblemList();
  problems.checkSha256(sha256, expectedSha256, 'its checksum file');
  return { ok: problems.list.length === 0, problems: problems.list, sha256, files, bytes };
}

/** From beginning to end: the structure, and every checksum that the compression carries; every entry goes to `admit`. */
export async function verifyStream(
  source: StreamSource,
  archive: FileHandle,
  ports: Ports,
  admit: (entry: ArchiveEntry) => unknown,
  expectedSha256?: string,
): Promise<VerifyReport> {
  const problems = new ProblemList();
  const count = { files: 0, bytes: 0 };
  const hash = createHash('sha256');
  let hashed = 0;
  const options = {
    signal: ports.signal,
    onStored(bytes: Buffer) {
      hash.update(bytes);
      hashed += bytes.length;
    },
  };
  const sink = {
    entry(entry: ArchiveEntry) {
      admit(entry);
      if (entry.type !== 'directory') count.files++;
      count.bytes += storedSizeOf(entry);
    },
    data() {},
  };
  try {
    for await (const _ of source.read(sink, options)) {
      ports.progress({ phase: 'verify', bytes: hashed, totalBytes: source.size, files: count.files });
    }
  } catch (cause) {
    problems.add(cause);
  }
  const sha256 = await hashFrom(archive, hash, hashed, ports.signal);
  problems.checkSha256(sha256, expectedSha256, 'its checksum file');
  return { ok: problems.list.length === 0, problems: problems.list, sha256, ...count };
}

async function hashFrom(archive: FileHandle, hash: Hash, from: number, signal: AbortSignal): Promise<string> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let position = from; ;) {
    signal.throwIfAborted();
    const { bytesRead } = await archive.read(buffer, 0, READ_BYTES, position);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Opens an archive for reading, by its index when that is good, else as a stream. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type ArchiveEntry,
  BackupError,
  type Compression,
  isErrno,
  type Ports,
  toBackupError,
} from '@gofr-backup/model';
import { contentOf } from './content.ts';
import { EntrySelection } from '../extract/entry-selection.ts';
import type { EntrySource } from '../extract/entry-source.ts';
import { extractFrom } from '../extract/extract.ts';
import { ExtractPlanner } from '../extract/extract-plan.ts';
import { damagedIndex } from '../index/sections.ts';
import { IndexedSource } from './indexed-source.ts';
import { SafetyCheck } from '../extract/safety.ts';
import { detectCompression } from './stream-decoder.ts';
import { StreamSource } from './stream-source.ts';
import type {
  ArchiveReader,
  ExtractOptions,
  ExtractReport,
  OpenArchive,
  OpenArchiveOptions,
  VerifyReport,
} from '../types.ts';
import { verifyIndexed, verifyStream } from './verify.ts';

/** Throws NO_SUCH_BACKUP when there is no such file, ARCHIVE_DAMAGED when it is no archive. */
export const openArchive: OpenArchive = async (options) => {
  const archive = await openFile(options.archivePath);
  try {
    const { size } = await archive.stat();
    const codec = await detectCompression(archive);
    const stream = new StreamSource(archive, codec, size);
    return new OpenedArchive(options, archive, stream, await indexedSource(options, archive, codec, size));
  } catch (cause) {
    await archive.close();
    throw toBackupError(cause, `Opening ${options.archivePath}`);
  }
};

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) {
      throw new BackupError('NO_SUCH_BACKUP', `There is no archive ${path}.`, { cause });
    }
    throw toBackupError(cause, `Opening ${path}`);
  }
}

/** Whatever is wrong with an index costs speed only. */
async function indexedSource(
  { indexPath, threads, engine, logger, archivePath }: OpenArchiveOptions,
  archive: FileHandle,
  codec: Compression,
  size: number,
): Promise<IndexedSource | undefined> {
  if (indexPath === undefined) return undefined;
  try {
    const source = await IndexedSource.load(archive, indexPath, { threads, engine });
    if (source.size === size && source.codec === codec) return source;
    await source.close();
    throw damagedIndex('It is the index of another archive.');
  } catch (cause) {
    const { code, message, why } = toBackupError(cause, 'Reading the index');
    logger.warn(
      { archivePath, indexPath, code, reason: `${message} ${why}` },
      'no usable index, reading the whole archive',
    );
    return undefined;
  }
}

class OpenedArchive implements ArchiveReader {
  readonly codec: Compression;
  readonly #options: OpenArchiveOptions;
  readonly #archive: FileHandle;
  readonly #stream: StreamSource;
  #index: IndexedSource | undefined;
  /** of a pass that saw every entry and refused none: they are checked once, however often they are read */
  #checked: SafetyCheck | undefined;

  constructor(
    options: OpenArchiveOptions,
    archive: FileHandle,
    stream: StreamSource,
    index: IndexedSource | undefined,
  ) {
    this.codec = stream.codec;
    this.#options = options;
    this.#archive = archive;
    this.#stream = stream;
    this.#index = index;
  }

  get indexed(): boolean {
    return this.#index !== undefined;
  }

  get #source(): EntrySource {
    return this.#index ?? this.#stream;
  }

  async *entries(): AsyncGenerator<ArchiveEntry> {
    const pass = this.#pass();
    for await (const entry of this.#source.entries(this.#options.signal)) yield pass.admit(entry);
    this.#checked = pass.check;
  }

  #pass(): EntryPass {
    const known = this.#checked;
    if (known !== undefined) return { check: known, admit: (entry) => known.again(entry) };
    const check = new SafetyCheck();
    return { check, admit: (entry) => check.admit(entry) };
  }

  async verify(ports: Ports, expectedSha256?: string): Promise<VerifyReport> {
    return translated(ports.signal, 'Verifying', async () => {
      const pass = this.#pass();
      const byIndex = this.#index && (await verifyIndexed(this.#index, ports, pass.admit, expectedSha256));
      if (byIndex?.ok) {
        this.#checked = pass.check;
        return byIndex;
      }
      this.#checked = undefined;
      const byStream = await verifyStream(this.#stream, this.#archive, ports, expectedSha256);
      if (!byIndex) return byStream;
      if (!byStream.ok) return { ...byStream, problems: merged(byStream, byIndex) };
      const indexProblem = byIndex.problems[0]!.message;
      this.#options.logger.warn(
        { archivePath: this.#options.archivePath, indexProblem },
        'the index is wrong, the archive is whole',
      );
      await this.#index?.close();
      this.#index = undefined;
      return { ...byStream, indexProblem };
    });
  }

  async extract(options: ExtractOptions): Promise<ExtractReport> {
    return translated(options.signal, 'Extracting', () => extractFrom(this.#source, options, this.#checked));
  }

  content(path: string): AsyncIterable<Buffer> {
    return contentOf(this.#source, path, this.#options.signal);
  }

  async measure(paths?: string[]): Promise<{ bytes: number; entries: number }> {
    return translated(this.#options.signal, 'Measuring', async () => {
      const { check, admit } = this.#pass();
      const planner = new ExtractPlanner(new EntrySelection(paths));
      for await (const entry of this.#source.entries(this.#options.signal)) planner.add(admit(entry));
      this.#checked = check;
      const { bytes, files, directories, symlinks, hardlinks } = planner.finish(check);
      return { bytes, entries: files + directories.size + symlinks.size + hardlinks.length };
    });
  }

  async close(): Promise<void> {
    await this.#index?.close();
    await this.#archive.close();
  }
}

/** One pass over all entries: each as it is to be extracted, or ARCHIVE_HOSTILE. */
interface EntryPass {
  check: SafetyCheck;
  admit(entry: ArchiveEntry): ArchiveEntry;
}

/** The index tells which files are hit, the stream what is wrong with the whole. */
function merged(byStream: VerifyReport, byIndex: VerifyReport): VerifyReport['problems'] {
  const known = new Set(byIndex.problems.map(({ message }) => message));
  return [...byIndex.problems, ...byStream.problems.filter(({ message }) => !known.has(message))];
}

async function translated<T>(signal: AbortSignal, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!signal.aborted || cause instanceof BackupError) throw toBackupError(cause, doing);
    throw new BackupError('CANCELLED', `${doing} was cancelled.`, { cause });
  }
}

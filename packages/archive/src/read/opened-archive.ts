/** An opened archive: by its index when there is one of use, else as a stream. */
import type { FileHandle } from 'node:fs/promises';
import {
  type ArchiveEntry,
  BackupError,
  type Compression,
  type Ports,
  shellWord,
  toBackupError,
} from '@gofr-backup/model';
import { EntrySelection } from '../extract/entry-selection.ts';
import type { EntrySource } from '../extract/entry-source.ts';
import { ExtractPlanner } from '../extract/extract-plan.ts';
import { extractFrom } from '../extract/extract.ts';
import { SafetyCheck } from '../extract/safety.ts';
import type {
  ArchiveProblem,
  ArchiveReader,
  ExtractOptions,
  ExtractReport,
  ExtractSize,
  FilePiece,
  IndexPlace,
  OpenArchiveOptions,
  PlaceForIndex,
  VerifyReport,
} from '../types.ts';
import { contentOf, piecesOf } from './content.ts';
import { IndexedSource, type ReadingOptions } from './indexed-source.ts';
import { NewIndex } from './new-index.ts';
import { NotFramed } from './stored-units.ts';
import { SalvagedSource } from './salvaged-source.ts';
import type { StreamSource } from './stream-source.ts';
import { tarStream } from './tar-stream.ts';
import { verifyFrames, verifyIndexed, verifyStream } from './verify.ts';

export class OpenedArchive implements ArchiveReader {
  readonly codec: Compression;
  readonly #options: OpenArchiveOptions;
  readonly #archive: FileHandle;
  readonly #stream: StreamSource;
  #index: IndexedSource | undefined;
  #salvaged: SalvagedSource | undefined;
  /** the check of a pass that admitted every entry: entries are checked once, however often they are read */
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
    return this.#salvaged ?? this.#index ?? this.#stream;
  }

  async *entries(): AsyncGenerator<ArchiveEntry> {
    const known = this.#checked;
    const pass = this.#pass();
    let ordinal = 0;
    for await (const entry of this.#source.entries(this.#options.signal)) {
      const admitted = pass.admit(entry);
      // what a later one replaces is known once all were seen
      if (entry.type === 'directory' || (known?.isLast(entry.path, ordinal) ?? true)) yield admitted;
      ordinal++;
    }
    this.#checked = pass.check;
  }

  #pass(): EntryPass {
    const known = this.#checked;
    let ordinal = 0;
    if (known !== undefined) return { check: known, admit: (entry) => known.again(entry, ordinal++) };
    return freshPass();
  }

  async verify(ports: Ports, expectedSha256?: string, placeForIndex?: PlaceForIndex): Promise<VerifyReport> {
    return translated(ports.signal, 'Verifying', async () => {
      await this.#whole();
      const byIndex = await this.#verifyByIndex(ports, expectedSha256);
      if (byIndex?.ok) return byIndex;
      const place = await placeForIndex?.();
      const whole =
        (place && (await this.#verifyIntoIndex(ports, expectedSha256, place))) ??
        (await this.#verifyAsStream(ports, expectedSha256));
      if (!byIndex) return whole;
      if (!whole.ok) return { ...whole, problems: merged(whole, byIndex) };
      const indexProblem = byIndex.problems[0]!.message;
      this.#options.logger.warn(
        { archivePath: this.#options.archivePath, indexProblem },
        'the index is wrong, the archive is whole',
      );
      if (!whole.indexMade) await this.#use(undefined);
      return { ...whole, indexProblem };
    });
  }

  async #verifyByIndex(ports: Ports, expectedSha256?: string): Promise<VerifyReport | undefined> {
    if (!this.#index) return undefined;
    const pass = this.#pass();
    const report = await verifyIndexed(this.#index, ports, pass.admit, expectedSha256);
    this.#checked = report.ok ? pass.check : undefined;
    return report;
  }

  /** Undefined when no index can be made, or something in the archive is wrong: the stream decides. */
  async #verifyIntoIndex(
    ports: Ports,
    expectedSha256: string | undefined,
    { path, sha256 }: IndexPlace,
  ): Promise<VerifyReport | undefined> {
    const { archivePath, engine, threads, logger } = this.#options;
    try {
      const of = { archive: this.#archive, archivePath, codec: this.codec, size: this.#stream.size };
      await using made = await NewIndex.make(of, path, ports, 'verify');
      const report = verifyFrames(made.proof, expectedSha256);
      if (!report.ok || (sha256 ?? report.sha256).toLowerCase() !== report.sha256) return report;
      this.#checked = made.proof.check;
      return { ...report, indexMade: await this.#install(made, path, { threads, engine }) };
    } catch (cause) {
      ports.signal.throwIfAborted();
      if (cause instanceof NotFramed) {
        const reason = cause.message;
        logger.info({ archivePath, reason }, 'the archive is read as a stream, an index would not help');
      } else logger.warn({ archivePath, err: cause }, 'no index could be made of this archive');
      return undefined;
    }
  }

  /** The verdict stands without it. */
  async #install(made: NewIndex, path: string, how: ReadingOptions): Promise<boolean> {
    try {
      await made.install();
      await this.#use(await IndexedSource.load(this.#archive, path, how));
      return true;
    } catch (cause) {
      this.#options.logger.warn({ indexPath: path, err: cause }, 'the new index could not be put in place');
      return false;
    }
  }

  async #verifyAsStream(ports: Ports, expectedSha256: string | undefined): Promise<VerifyReport> {
    const { check, admit } = this.#index ? freshPass() : this.#pass();
    const report = await verifyStream(this.#stream, this.#archive, ports, admit, expectedSha256);
    this.#checked = report.ok ? check : undefined;
    return report;
  }

  async #use(index: IndexedSource | undefined): Promise<void> {
    const before = this.#index;
    this.#index = index;
    await before?.close();
  }

  async extract(options: ExtractOptions): Promise<ExtractReport> {
    return translated(options.signal, 'Extracting', () => extractFrom(this.#source, options, this.#checked));
  }

  async *content(path: string): AsyncGenerator<Buffer> {
    await this.#whole();
    yield* contentOf(this.#source, path, this.#options.signal);
  }

  async *pieces(path: string): AsyncGenerator<FilePiece> {
    await this.#whole();
    yield* piecesOf(this.#source, path, this.#options.signal);
  }

  async *tar(
    paths: readonly string[] | undefined,
    ports: Pick<Ports, 'signal' | 'progress'>,
  ): AsyncGenerator<Buffer> {
    await this.#whole();
    yield* tarStream(this.#source, paths, ports);
  }

  async measure(
    selections: readonly (readonly string[] | undefined)[],
    see: (entry: ArchiveEntry) => void = () => {},
  ): Promise<ExtractSize[]> {
    return translated(this.#options.signal, 'Measuring', async () => {
      const { check, admit } = this.#pass();
      const planners = selections.map((paths) => new ExtractPlanner(new EntrySelection(paths)));
      for await (const entry of this.#source.entries(this.#options.signal)) {
        const admitted = admit(entry);
        see(admitted);
        for (const planner of planners) planner.add(admitted);
      }
      this.#checked = check;
      return planners.map((planner) => {
        const { bytes, files, directories, symlinks, hardlinks } = planner.finish(check);
        return { bytes, entries: files + directories.size + symlinks.size + hardlinks.length };
      });
    });
  }

  async salvage(ports: Pick<Ports, 'signal' | 'progress'>): Promise<readonly ArchiveProblem[]> {
    const index = this.#index;
    if (index === undefined) throw withoutIndex(this.#options.archivePath);
    await this.#whole();
    this.#salvaged = await translated(ports.signal, 'Salvaging', () => SalvagedSource.prove(index, ports));
    this.#checked = undefined;
    return this.#salvaged.lost;
  }

  /** What is read without regard to what has arrived begins when all has. */
  async #whole(): Promise<void> {
    await this.#options.arrival?.until(this.#stream.size);
  }

  async close(): Promise<void> {
    await this.#index?.close();
    await this.#archive.close();
  }
}

const withoutIndex = (archivePath: string): BackupError =>
  new BackupError('ARCHIVE_DAMAGED', 'Nothing tells which files of this archive are right', {
    why: 'its index is missing or damaged, and the archive has no hashes of its own',
    hint: `What lies before the damage comes out with tar: tar --ignore-zeros -xf ${shellWord(archivePath)} -C DIR`,
  });

/** One pass over all entries: each as it is to be extracted, or ARCHIVE_HOSTILE. */
interface EntryPass {
  check: SafetyCheck;
  admit(entry: ArchiveEntry): ArchiveEntry;
}

function freshPass(): EntryPass {
  const check = new SafetyCheck();
  return { check, admit: (entry) => check.admit(entry) };
}

/** The index tells which files are damaged, the stream what is wrong with the archive as a whole. */
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

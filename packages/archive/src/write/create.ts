/** Makes an archive and its index: walk, cut into frames, reuse or build each, write in order, sync. */
import { link, type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { toBackupError } from '@gofr-backup/model';
import { closeSource, errnoOf, lookAt, openSource } from '@gofr-backup/posix';
import type { Source, WalkEntry } from '../source/source.ts';
import { Arena } from './arena.ts';
import {
  type ArchiveFile,
  ArchiveWriter,
  chunkMemory,
  createArchiveFile,
  PRIVATE,
} from './archive-writer.ts';
import { compressedBound, compressFrame } from '../codec/codecs.ts';
import { digestFrame } from '../codec/digest.ts';
import type { FrameJob, FrameResult, FrameThreadSetup, HashJob } from './frame-jobs.ts';
import { FrameQueue, type Origin } from './frame-queue.ts';
import { cutFrames, type PlannedFrame } from './frames.ts';
import { HardLinks, type LinkedEntry } from './hard-links.ts';
import type { IndexFrame } from '../index/types.ts';
import { IndexWriter } from '../index/writer.ts';
import { RateLimit } from './rate-limit.ts';
import { Previous } from './reuse.ts';
import { cutSlices } from '../index/slices.ts';
import { NO_FILE_NOW } from '../source/failure.ts';
import { Tally } from './tally.ts';
import { Threads } from '../threads.ts';
import type { CreateArchive, CreateArchiveOptions, CreateArchiveResult } from '../types.ts';
import { DatabaseSnapshots } from '../source/sqlite/index.ts';
import { Walk } from '../source/tree/walk.ts';
import { WalkStart } from './walk-start.ts';

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './frame-worker.ts' : './frame-worker.js',
  import.meta.url,
);
/** Slots beyond what the threads hold: finished frames that wait for their turn. */
const SPARE_SLOTS = 2;
/** Milliseconds of walking after which other work of the process gets its turn. */
const TURN = 20;

export const createArchive: CreateArchive = async (options) => {
  try {
    await using run = await Run.start(options);
    await run.archiveAll();
    return await run.finish();
  } catch (thrown) {
    throw toBackupError(thrown, 'Making the archive');
  }
};

/** One archive in the making. */
class Run {
  #options: CreateArchiveOptions;
  #previous: Previous | undefined;
  #walkStart: WalkStart;
  #source: Source;
  #links = new HardLinks();
  #tally: Tally;
  #limit: RateLimit | undefined;
  /** undefined while everything is as in the previous archive, and may be linked */
  #line: Line | undefined;
  /** frames of the previous archive, from its first, that are as they were */
  #unchanged = 0;
  /** when other work of the process had its turn */
  #turn = 0;
  /** descriptors of big files whose slices are not all written yet */
  #reading = new Set<number>();

  static async start(options: CreateArchiveOptions): Promise<Run> {
    // last: an exclude that means nothing must not leave the previous archive open
    const run = new Run(options);
    run.#previous = await Previous.open(options.previous, options.codec, options.logger);
    return run;
  }

  private constructor(options: CreateArchiveOptions) {
    this.#options = options;
    this.#source = sourceOf(options);
    this.#walkStart = new WalkStart(options);
    this.#tally = new Tally(this.#source.report);
    if (options.readRate !== undefined) this.#limit = new RateLimit(options.readRate, options.clock);
  }

  async archiveAll(): Promise<void> {
    if (this.#previous === undefined || !this.#options.linkUnchanged) await this.#openLine();
    await this.#archive(this.#source.entries());
    for (;;) {
      await this.#line?.queue.drain();
      const orphans = this.#line?.queue.orphans.splice(0) ?? [];
      if (orphans.length === 0) return;
      for (const orphan of orphans) this.#tally.remove(orphan);
      await this.#archive(this.#again(orphans));
    }
  }

  async finish(): Promise<CreateArchiveResult> {
    const linked = this.#line === undefined && (await this.#linkPrevious());
    if (!linked && this.#line === undefined) await this.#openLine();
    const written = linked
      ? this.#previous!.index.facts
      : await this.#line!.finish(this.#walkStart.by(this.#source.report.devices));
    const { files, sourceBytes, reusedBytes, components } = this.#tally;
    const { warnings, unreadable, present } = this.#source.report;
    return {
      sha256: written.archiveSha256,
      sizeBytes: written.archiveSize,
      files,
      sourceBytes,
      reusedBytes: linked ? written.archiveSize : reusedBytes,
      linked,
      warnings,
      unreadable,
      components: this.#options.components.map(({ name }, n) => ({
        name,
        present: present[n]!,
        ...components[n]!,
      })),
    };
  }

  /** The sources of a run that failed are closed last: until then a thread may read them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using open = new AsyncDisposableStack();
    for (const fd of this.#reading) open.defer(() => closeSource(fd));
    open.use(this.#source);
    open.defer(() => this.#previous?.close());
    open.defer(() => this.#line?.close());
  }

  /** As files, or what the source has in their place by now. */
  async *#again(orphans: readonly LinkedEntry[]): AsyncGenerator<WalkEntry[]> {
    for (const { asFile, path } of orphans) {
      const entry = asFile ?? (await this.#source.entryAt(path));
      if (entry !== undefined) yield [entry];
    }
  }

  async *#linked(batches: AsyncIterable<readonly WalkEntry[]>): AsyncGenerator<Iterable<LinkedEntry>> {
    for await (const batch of batches) {
      await this.#giveWay();
      yield this.#links.resolve(batch);
    }
  }

  async #giveWay(): Promise<void> {
    const { clock, signal } = this.#options;
    signal.throwIfAborted();
    if (clock.monotonic() - this.#turn < TURN) return;
    await setImmediate();
    this.#turn = clock.monotonic();
  }

  async #archive(batches: AsyncIterable<readonly WalkEntry[]>): Promise<void> {
    for await (const planned of cutFrames(this.#linked(batches))) {
      await this.#giveWay();
      for (const entry of planned.entries) this.#tally.add(entry);
      const { first, unchanged } = this.#previous?.find(planned) ?? {};
      if (unchanged !== undefined && this.#isNextUnchanged(unchanged)) continue;
      if (this.#line === undefined) await this.#openLine();
      if (unchanged !== undefined) await this.#copy(unchanged);
      else await this.#build(planned, first);
    }
  }

  /** As long as everything is as in the previous archive nothing is written: it may come to a mere link. */
  #isNextUnchanged(frames: IndexFrame[]): boolean {
    if (this.#line !== undefined || frames[0]!.number !== this.#unchanged) return false;
    this.#unchanged += frames.length;
    return true;
  }

  /** From here on an archive is written; what was found unchanged so far comes first. */
  async #openLine(): Promise<void> {
    const line = await Line.open(this.#options, {
      links: this.#links,
      tally: this.#tally,
      previous: this.#previous,
    });
    this.#line = line;
    for (let number = 0; number < this.#unchanged;) {
      const frames = this.#withSlices(number);
      await this.#copy(frames);
      number += frames.length;
    }
  }

  /** A frame of the previous archive, and the slices of the file whose header it is. */
  #withSlices(number: number): IndexFrame[] {
    const { index } = this.#previous!;
    const frames = [index.frame(number)];
    while (index.frame(number + frames.length).kind === 'slice')
      frames.push(index.frame(number + frames.length));
    return frames;
  }

  async #copy([first, ...slices]: IndexFrame[]): Promise<void> {
    const { queue } = this.#line!;
    const entries = this.#previous!.index.entriesOf(first!.number);
    const again = (): LinkedEntry[] => entries.map((entry) => this.#source.entryOf(entry));
    await queue.copy({
      frame: first!,
      entries,
      origin: () =>
        entries[0]!.sliced ? { kind: 'header', entry: again()[0]! } : { kind: 'entries', entries: again() },
    });
    let position = 0;
    for (const frame of slices) {
      const span = { position, length: Math.min(frame.rawLength, entries[0]!.size - position) };
      const origin = (): Origin => ({ kind: 'slice', entry: again()[0]!, ...span });
      await queue.copy({ frame, entries: [], origin });
      position += span.length;
    }
  }

  async #build({ entries, sliced }: PlannedFrame, earlier: IndexFrame | undefined): Promise<void> {
    if (sliced) return this.#buildSliced(entries[0]!);
    await this.#limit?.take(
      entries.reduce((sum, { size }) => sum + size, 0),
      this.#options.signal,
    );
    await this.#line!.queue.build(entries, earlier && this.#previous!.stored(earlier));
  }

  /** The header promises what fstat says now; the slices keep that promise whatever becomes of the file. */
  async #buildSliced(planned: WalkEntry): Promise<void> {
    const source = this.#openBig(planned);
    if (source === undefined) return;
    const { fd, entry, look } = source;
    const { queue } = this.#line!;
    const before = this.#previous?.slicesOf(entry) ?? [];
    const stored = new Map(before.map(({ position, frame }) => [position, frame]));
    let changes = 0;
    let left = entry.size;
    const close = (): void => {
      this.#reading.delete(fd);
      closeSource(fd);
    };
    const delivered = (changed: boolean, length: number): void => {
      if (changed && changes++ === 0) this.#tally.warnChanged(entry);
      left -= length;
      if (left === 0) close();
    };
    this.#reading.add(fd);
    await queue.header(entry);
    if (left === 0) close();
    for (const span of cutSlices(entry.size, before)) {
      this.#options.signal.throwIfAborted();
      const frame = stored.get(span.position);
      const previous = frame && this.#previous?.stored(frame);
      await this.#limit?.take(span.length, this.#options.signal);
      await queue.slice({ fd, ...span, look, ...(previous ? { previous } : {}) }, delivered);
    }
  }

  #openBig(
    planned: WalkEntry,
  ): { fd: number; entry: WalkEntry; look: ReturnType<typeof lookAt> } | undefined {
    try {
      const fd = openSource(planned.contentPath ?? planned.source);
      const look = lookAt(fd);
      const { size, mtimeNs, ctimeNs, ino } = look;
      if (look.ino !== planned.ino) this.#links.lose(planned);
      if (!look.stats.isFile()) {
        closeSource(fd);
        this.#tally.fail(planned, NO_FILE_NOW);
        return undefined;
      }
      const entry =
        planned.contentPath === undefined
          ? { ...planned, size, mtimeNs, ctimeNs, ino }
          : { ...planned, size };
      this.#tally.note(planned, { headerLength: 0, now: entry });
      return { fd, entry, look };
    } catch (cause) {
      this.#links.lose(planned);
      this.#tally.fail(planned, errnoOf(cause));
      return undefined;
    }
  }

  /** Everything is as it was: the previous archive is this one. False where the file system has no links left. */
  async #linkPrevious(): Promise<boolean> {
    const { archivePath, indexPath, previous } = this.#options;
    const { index } = this.#previous!;
    if (this.#unchanged !== index.frameCount - 1 || index.frame(this.#unchanged).kind !== 'end') return false;
    try {
      await link(previous!.archivePath, archivePath);
      await link(previous!.indexPath, indexPath);
      return true;
    } catch (cause) {
      this.#options.logger.info(
        { reason: String(cause) },
        'the previous archive cannot be linked, it is copied',
      );
      return false;
    }
  }
}

function sourceOf({ scratchDir, signal, logger, ...sources }: CreateArchiveOptions): Source {
  const walk = new Walk(sources);
  return scratchDir === undefined ? walk : new DatabaseSnapshots(walk, { scratchDir, signal, logger });
}

interface LineOptions {
  links: HardLinks;
  tally: Tally;
  previous: Previous | undefined;
}

/** The files being written, the threads, and the queue between. */
class Line {
  readonly queue: FrameQueue;
  #options: CreateArchiveOptions;
  #files = new AsyncDisposableStack();
  #index: FileHandle;
  #threads: Threads<FrameJob | HashJob, FrameResult>;
  #writer: ArchiveWriter;
  #indexWriter: IndexWriter;

  static async open(options: CreateArchiveOptions, shared: LineOptions): Promise<Line> {
    await using files = new AsyncDisposableStack();
    const archive = await createArchiveFile(options.archivePath);
    files.use(archive.file);
    files.use(archive.direct);
    const index = files.use(await open(options.indexPath, 'wx', PRIVATE));
    const line = new Line(options, shared, archive, index);
    line.#files = files.move();
    return line;
  }

  private constructor(
    options: CreateArchiveOptions,
    { links, tally, previous }: LineOptions,
    archive: ArchiveFile,
    index: FileHandle,
  ) {
    const { threads: count, codec, nice, progress } = options;
    const arena = new Arena(2 * count + SPARE_SLOTS);
    const chunks = chunkMemory();
    const threads = new Threads<FrameJob | HashJob, FrameResult>({
      entry: WORKER,
      count,
      nice,
      shared: { arena: arena.memory, chunks, codec } satisfies FrameThreadSetup,
    });
    const hash = async (chunk: number, length: number): Promise<Uint8Array> =>
      (await threads.runInOrder({ kind: 'hash', chunk, length })).proofs;
    this.#options = options;
    this.#index = index;
    this.#threads = threads;
    this.#writer = new ArchiveWriter(archive, chunks, hash);
    this.#indexWriter = new IndexWriter(index);
    this.queue = new FrameQueue({
      threads,
      arena,
      writer: this.#writer,
      index: this.#indexWriter,
      links,
      tally,
      previousFd: previous?.archive.fd,
      progress,
    });
  }

  /** The end of the tar stream, then everything to the disk. */
  async finish(walkStartNs: bigint): Promise<{ archiveSha256: string; archiveSize: number }> {
    await this.queue.drain();
    const { codec } = this.#options;
    const raw = Buffer.alloc(1024);
    const target = Buffer.alloc(compressedBound(raw.length));
    const end = target.subarray(0, compressFrame(codec, raw, [], target));
    await this.#writer.append(end);
    const { digest } = digestFrame(raw, []);
    const frame = {
      kind: 'end',
      length: end.length,
      rawLength: raw.length,
      crc32: crc32(end),
      digest,
      reusable: true,
    } as const;
    await this.#indexWriter.add(frame, []);
    const archiveSha256 = await this.#writer.finish();
    const archiveSize = this.#writer.size;
    const facts = {
      codec: codec.name,
      level: codec.level,
      archiveSha256,
      archiveSize,
      walkStartNs: String(walkStartNs),
    };
    await this.#indexWriter.finish(facts);
    await this.#index.sync();
    return { archiveSha256, archiveSize };
  }

  /** The files last: until then something may be written. */
  async close(): Promise<void> {
    await using _files = this.#files;
    await this.#threads.close();
    await this.queue.settle();
    await this.#writer.settle();
  }
}

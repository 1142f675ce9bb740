/** Makes an archive and its index: walk, cut into frames, reuse or build each, write in order, sync. */
import { link } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { toBackupError } from '@gofr-backup/model';
import { closeSource, errnoOf, type FileState, stateOf } from '@gofr-backup/posix';
import { hasOwnEncoder } from '../codec/codecs.ts';
import type { Source, WalkEntry } from '../source/source.ts';
import type { Origin } from './frame-queue.ts';
import { Pipeline } from './pipeline.ts';
import { cutFrames, type PlannedFrame } from './frames.ts';
import { HardLinks, type LinkedEntry } from './hard-links.ts';
import { archiveHoled, type HoledFile, holedFile } from './holes/holed-file.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import type { IndexFrame } from '../index/types.ts';
import { RateLimit } from './rate-limit.ts';
import { Previous } from './reuse.ts';
import { SlicedFile, type Surroundings } from './sliced-file.ts';
import { openContent } from '../source/content.ts';
import { NO_FILE_NOW } from '../source/failure.ts';
import { ArchiveCounts } from './archive-counts.ts';
import type { CreateArchive, CreateArchiveOptions, CreateArchiveResult } from '../types.ts';
import { DatabaseSnapshots } from '../source/sqlite/index.ts';
import { Walk } from '../source/tree/walk.ts';
import { WalkStart } from './walk-start.ts';

/** The event loop gets a turn after this many milliseconds of walking. */
const TURN = 20;

export const createArchive: CreateArchive = async (options) => {
  try {
    await using archiver = await Archiver.start(options);
    await archiver.archiveAll();
    return await archiver.finish();
  } catch (thrown) {
    throw toBackupError(thrown, 'Making the archive');
  }
};

/** Makes one archive: decides for every planned frame whether it is copied or built. */
class Archiver {
  #options: CreateArchiveOptions;
  #previous: Previous | undefined;
  #walkStart: WalkStart;
  #source: Source;
  #links = new HardLinks();
  #counts: ArchiveCounts;
  #limit: RateLimit | undefined;
  /** undefined while everything equals the previous archive, which may then be linked */
  #pipeline: Pipeline | undefined;
  /** how many frames of the previous archive, from its first on, are unchanged */
  #unchanged = 0;
  /** when other work of the process had its turn */
  #turn = 0;
  /** descriptors of big files whose slices are not all written yet */
  #reading = new Set<number>();

  static async start(options: CreateArchiveOptions): Promise<Archiver> {
    // The previous archive is opened last: an invalid exclude must not leave it open.
    const archiver = new Archiver(options);
    archiver.#previous = await Previous.open(options.previous, options.codec, options.logger, options.xattrs);
    return archiver;
  }

  private constructor(options: CreateArchiveOptions) {
    this.#options = options;
    this.#source = sourceOf(options);
    this.#walkStart = new WalkStart(options);
    this.#counts = new ArchiveCounts(this.#source.report);
    if (options.readRate !== undefined) this.#limit = new RateLimit(options.readRate, options.clock);
  }

  async archiveAll(): Promise<void> {
    if (this.#previous === undefined || !this.#options.linkUnchanged) await this.#openPipeline();
    await this.#archive(this.#source.entries());
    for (;;) {
      await this.#pipeline?.queue.drain();
      const orphans = this.#pipeline?.queue.orphans.splice(0) ?? [];
      if (orphans.length === 0) return;
      for (const orphan of orphans) this.#counts.remove(orphan);
      await this.#archive(this.#again(orphans));
    }
  }

  async finish(): Promise<CreateArchiveResult> {
    const linked = this.#pipeline === undefined && (await this.#linkPrevious());
    if (!linked && this.#pipeline === undefined) await this.#openPipeline();
    const written = linked
      ? this.#previous!.index.facts
      : await this.#pipeline!.finish(this.#walkStart.by(this.#source.report.devices));
    const { files, sourceBytes, reusedBytes, components } = this.#counts;
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

  /** After a failure the source files are closed last, because a thread may read them until the pipeline is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using open = new AsyncDisposableStack();
    for (const fd of this.#reading) open.defer(() => closeSource(fd));
    open.use(this.#source);
    open.defer(() => this.#previous?.close());
    open.defer(() => this.#pipeline?.close());
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
      for (const entry of planned.entries) this.#counts.add(entry);
      const { first, unchanged, storedSize } = this.#previous?.find(planned) ?? {};
      if (storedSize !== undefined) this.#counts.leaveHoles(planned.entries[0]!, storedSize);
      if (unchanged !== undefined && this.#isNextUnchanged(unchanged)) continue;
      if (this.#pipeline === undefined) await this.#openPipeline();
      if (unchanged !== undefined) await this.#copy(unchanged);
      else await this.#build(planned, first);
    }
  }

  /** Nothing is written while everything equals the previous archive, because a hard link may do in the end. */
  #isNextUnchanged(frames: IndexFrame[]): boolean {
    if (this.#pipeline !== undefined || frames[0]!.number !== this.#unchanged) return false;
    this.#unchanged += frames.length;
    return true;
  }

  /** Begins to write the archive. The frames found unchanged so far are copied first. */
  async #openPipeline(): Promise<void> {
    const pipeline = await Pipeline.open(this.#options, {
      links: this.#links,
      counts: this.#counts,
      previous: this.#previous,
    });
    this.#pipeline = pipeline;
    for (let number = 0; number < this.#unchanged;) {
      const frames = this.#withSlices(number);
      await this.#copy(frames);
      number += frames.length;
    }
  }

  /** A frame of the previous archive. When it is the header of a sliced file, its slices follow. */
  #withSlices(number: number): IndexFrame[] {
    const { index } = this.#previous!;
    const frames = [index.frame(number)];
    while (index.frame(number + frames.length).kind === 'slice')
      frames.push(index.frame(number + frames.length));
    return frames;
  }

  async #copy([first, ...slices]: IndexFrame[]): Promise<void> {
    const { queue } = this.#pipeline!;
    const previous = this.#previous!;
    const entries = previous.index.entriesOf(first!.number);
    const isHoled = entries[0]!.storedSize !== undefined;
    const again = (): LinkedEntry[] => entries.map((entry) => this.#source.unchangedEntry(entry));
    await queue.copy({
      frame: first!,
      entries,
      origin: () =>
        entries[0]!.sliced ? { kind: 'header', entry: again()[0]! } : { kind: 'entries', entries: again() },
    });
    let position = 0;
    for (const [n, frame] of slices.entries()) {
      const span = { position, length: Math.min(frame.rawLength, entries[0]!.size - position) };
      const origin = (): Origin => ({
        kind: 'slice',
        entry: again()[0]!,
        ...(isHoled ? previous.holedSlices(entries[0]!)[n]! : span),
      });
      await queue.copy({ frame, entries: [], origin });
      position += span.length;
    }
  }

  async #build({ entries, sliced }: PlannedFrame, earlier: IndexFrame | undefined): Promise<void> {
    if (sliced) return this.#buildSliced(entries[0]!, earlier);
    await this.#limit?.take(
      entries.reduce((sum, { size }) => sum + size, 0),
      this.#options.signal,
    );
    const stored = earlier && this.#previous!.stored(earlier);
    const parts =
      stored && hasOwnEncoder(this.#options.codec) ? this.#previous!.partsOf(earlier, entries) : undefined;
    await this.#pipeline!.queue.build(entries, stored, parts);
  }

  /**
   * The header states the size that fstat gives now. The slices have exactly that size, even when the file changes
   * meanwhile. Where its holes are was asked once, likewise.
   */
  async #buildSliced(planned: WalkEntry, earlier: IndexFrame | undefined): Promise<void> {
    const source = this.#openBig(planned);
    if (source === undefined) return;
    const { queue } = this.#pipeline!;
    const around = this.#around(source);
    this.#reading.add(source.fd);
    const holed = planned.hollow ? await holedFile(source.fd, source.opened.size) : undefined;
    if (holed !== undefined) return this.#buildHoled(source, holed);
    if (planned.hollow && source.opened.size <= SLICE_BYTES) {
      around.done();
      return this.#build({ entries: [source.entry], sliced: false }, earlier);
    }
    const { entry } = source;
    await queue.header(entry);
    const copied = this.#options.codec.name !== 'none' && entry.contentPath === undefined;
    const before = earlier === undefined ? [] : this.#previous!.slicesOf(earlier);
    await new SlicedFile({ ...source, before, copied }, around).archive();
  }

  async #buildHoled(source: OpenedSource, holed: HoledFile): Promise<void> {
    const { storedSize } = holed;
    this.#counts.leaveHoles(source.entry, storedSize);
    await this.#pipeline!.queue.header({ ...source.entry, sparse: true, storedSize });
    await archiveHoled(holed, source, this.#around(source));
  }

  #around({ fd, entry }: OpenedSource): Surroundings {
    const { signal } = this.#options;
    return {
      queue: this.#pipeline!.queue,
      take: async (bytes) => {
        signal.throwIfAborted();
        await this.#limit?.take(bytes, signal);
      },
      changed: () => this.#counts.warnChanged(entry),
      done: () => {
        this.#reading.delete(fd);
        closeSource(fd);
      },
    };
  }

  #openBig(planned: WalkEntry): OpenedSource | undefined {
    try {
      const fd = openContent(planned);
      const { isFile, ...opened } = stateOf(fd);
      if (planned.contentPath === undefined && opened.ino !== planned.ino) this.#links.lose(planned);
      if (!isFile) {
        closeSource(fd);
        this.#counts.fail(planned, NO_FILE_NOW);
        return undefined;
      }
      const entry =
        planned.contentPath === undefined ? { ...planned, ...opened } : { ...planned, size: opened.size };
      this.#counts.note(planned, { headerLength: 0, now: entry });
      return { fd, entry, opened };
    } catch (cause) {
      this.#links.lose(planned);
      this.#counts.fail(planned, errnoOf(cause));
      return undefined;
    }
  }

  /**
   * Links the previous archive when nothing has changed. False when something has, or when the file system makes no
   * more links.
   */
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

/** A big file that is read. */
interface OpenedSource {
  fd: number;
  entry: WalkEntry;
  opened: FileState;
}

function sourceOf({ scratchDir, signal, logger, ...sources }: CreateArchiveOptions): Source {
  const walk = new Walk(sources);
  if (scratchDir === undefined) return walk;
  const roots = sources.components.map(({ root }) => root);
  return new DatabaseSnapshots(walk, { scratchDir, roots, signal, logger });
}

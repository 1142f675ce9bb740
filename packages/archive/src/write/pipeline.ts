/** The files that are written, the threads, and the queue between them. */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { canSeekHoles } from '@gofr-backup/posix';
import { compressedBound, compressFrame } from '../codec/codecs.ts';
import { digestFrame } from '../codec/digest.ts';
import { IndexWriter } from '../index/writer.ts';
import { Threads } from '../threads.ts';
import type { CreateArchiveOptions } from '../types.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import {
  type ArchiveFile,
  ArchiveWriter,
  chunkMemory,
  createArchiveFile,
  PRIVATE,
} from './archive-writer.ts';
import { Arena } from './arena.ts';
import type { FrameThreadSetup, WritingJob } from './frame-jobs.ts';
import type { FrameResult } from './frame-result.ts';
import { FrameQueue } from './frame-queue.ts';
import type { HardLinks } from './hard-links.ts';
import type { Previous } from './reuse.ts';

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './frame-worker.ts' : './frame-worker.js',
  import.meta.url,
);
/** Slots for finished frames that wait for their turn, beside those that the threads hold. */
const SPARE_SLOTS = 2;

const slotsFor = (threads: number): number => 2 * threads + SPARE_SLOTS;

interface PipelineOptions {
  links: HardLinks;
  counts: ArchiveCounts;
  previous: Previous | undefined;
}

/** Closed by `close`, also after a failure. */
export class Pipeline {
  readonly queue: FrameQueue;
  #options: CreateArchiveOptions;
  #files = new AsyncDisposableStack();
  #index: FileHandle;
  #threads: Threads<WritingJob, FrameResult>;
  #writer: ArchiveWriter;
  #indexWriter: IndexWriter;

  static async open(options: CreateArchiveOptions, shared: PipelineOptions): Promise<Pipeline> {
    await using files = new AsyncDisposableStack();
    const archive = await createArchiveFile(options.archivePath);
    files.use(archive.file);
    files.use(archive.direct);
    const index = files.use(await open(options.indexPath, 'wx', PRIVATE));
    const pipeline = new Pipeline(options, shared, archive, index);
    pipeline.#files = files.move();
    return pipeline;
  }

  private constructor(
    options: CreateArchiveOptions,
    { links, counts, previous }: PipelineOptions,
    archive: ArchiveFile,
    index: FileHandle,
  ) {
    const { threads: count, codec, nice, progress } = options;
    const most = Math.max(count, options.readThreads ?? count);
    const arena = new Arena(slotsFor(count), slotsFor(most));
    const chunks = chunkMemory();
    const threads = new Threads<WritingJob, FrameResult>({
      entry: WORKER,
      ...{ count, most, nice },
      grown: (threads) => arena.allow(slotsFor(threads)),
      shared: {
        arena: arena.memory,
        chunks,
        codec,
        xattrs: options.xattrs ?? false,
        slices: previous?.storedSlices(),
      } satisfies FrameThreadSetup,
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
      counts,
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
      ...(this.#options.xattrs ? { needs: ['xattrs'] } : {}),
      ...(canSeekHoles() ? { holesSought: true } : {}),
    };
    await this.#indexWriter.finish(facts);
    await this.#index.sync();
    return { archiveSha256, archiveSize };
  }

  /** The files are closed last, because threads and writer may use them until then. */
  async close(): Promise<void> {
    await using _files = this.#files;
    await this.#threads.close();
    await this.queue.settle();
    await this.#writer.settle();
  }
}

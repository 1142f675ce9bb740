/**
 * Hands frames to the threads as slots become free, and writes them in the order of handing in. Every job and every
 * finished frame holds a slot, so memory is bounded.
 */
import { type ProgressEvent, storedSizeOf, type Xattrs } from '@gofr-backup/model';
import { closeSource } from '@gofr-backup/posix';
import { SLICE_BYTES } from '../index/sizes.ts';
import type { Arena } from './arena.ts';
import type { ArchiveWriter } from './archive-writer.ts';
import type { FrameJob, SliceToWrite, WritingJob } from './frame-jobs.ts';
import { type EntryOutcome, type FrameResult, ORPHANED } from './frame-result.ts';
import type { ProvedFrame } from './stored-frame.ts';
import type { ContentJob } from './content-jobs.ts';
import type { PlannedParts } from './earlier-parts.ts';
import type { HardLinks, LinkedEntry } from './hard-links.ts';
import type { HoledSlice } from '../index/holed-slices.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import type { PagedEntry } from '../index/page.ts';
import type { IndexWriter } from '../index/writer.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { Threads } from '../threads.ts';
import { openContent } from '../source/content.ts';
import type { WalkEntry } from '../source/source.ts';

/**
 * Copied frames are read and written in batches of up to this many bytes, because fewer and longer jobs cost less. A
 * batch holds a slot, so longer ones cost memory.
 */
const BATCH_BYTES = SLICE_BYTES / 2;
/**
 * A batch has up to this many entries. They are held until it is written, and frames of tiny files compress to
 * little.
 */
const BATCH_ENTRIES = 512;

/** The sources of a frame, for when its finished bytes cannot be copied after all. */
export type Origin =
  | { kind: 'entries'; entries: LinkedEntry[] }
  | { kind: 'header'; entry: LinkedEntry }
  | ({ kind: 'slice'; entry: WalkEntry } & HoledSlice);

/** A finished frame of the previous archive. */
export interface Reused {
  frame: IndexFrame;
  entries: readonly IndexEntry[];
  /** called only when the frame turns out to be damaged */
  origin: () => Origin;
}

export interface FrameQueueOptions {
  threads: Pick<Threads<WritingJob, FrameResult>, 'run' | 'runSoon'>;
  arena: Arena;
  writer: ArchiveWriter;
  index: IndexWriter;
  links: HardLinks;
  counts: ArchiveCounts;
  /** the previous archive's descriptor */
  previousFd: number | undefined;
  progress: (event: ProgressEvent) => void;
}

export class FrameQueue {
  /** hard links whose target did not come into the archive; they are archived as files in the end */
  readonly orphans: LinkedEntry[] = [];
  #options: FrameQueueOptions;
  #tail: Promise<void> = Promise.resolve();
  #failure: { cause: unknown } | undefined;
  #batch: Reused[] = [];
  #progress = { bytes: 0, files: 0 };

  constructor(options: FrameQueueOptions) {
    this.#options = options;
  }

  /** Reads and compresses `entries` as one frame; `earlier`: the frame of the previous archive that is most like it. */
  async build(entries: LinkedEntry[], earlier?: ProvedFrame, parts?: PlannedParts): Promise<void> {
    await this.#flushBatch();
    const job = { kind: 'build', entries: parts?.written ?? entries, headerOnly: false } as const;
    const { kept = [], contents = [] } = parts ?? {};
    const following = earlier && { earlier: { ...earlier, parts: { kept, contents } } };
    await this.#hand({ ...job, ...following }, (result, lease) =>
      this.#built(entries, result, lease, parts?.seen),
    );
  }

  /** The header of a file whose content follows in slices. */
  async header(entry: LinkedEntry): Promise<void> {
    await this.#flushBatch();
    await this.#hand({ kind: 'build', entries: [entry], headerOnly: true }, (result, lease) =>
      this.#headed(entry, result, lease),
    );
  }

  /** One slice of a big file. `delivered` is told whether the file was changing. */
  async slice(slice: SliceToWrite, delivered: (changed: boolean) => void): Promise<void> {
    await this.#flushBatch();
    await this.#hand({ kind: 'slice', slice }, async (result, lease) => {
      await this.#write(result, lease, [], 'slice', !result.changed);
      delivered(result.changed);
    });
  }

  /** Has a thread look at a big file, before it goes on with what was handed in. */
  look(job: ContentJob): Promise<FrameResult> {
    return this.#options.threads.runSoon(job);
  }

  /** Copies a finished frame. Adjacent frames are copied in one batch. */
  async copy(reused: Reused): Promise<void> {
    const last = this.#batch.at(-1)?.frame;
    const bytes = this.#batch.reduce((sum, { frame }) => sum + frame.length, reused.frame.length);
    const entries = this.#batch.reduce((sum, one) => sum + one.entries.length, reused.entries.length);
    const adjacent = last === undefined || last.offset + last.length === reused.frame.offset;
    if (!adjacent || bytes > BATCH_BYTES || entries > BATCH_ENTRIES) await this.#flushBatch();
    this.#batch.push(reused);
  }

  /** Everything handed in so far is written. */
  async drain(): Promise<void> {
    await this.#flushBatch();
    await this.#tail;
    this.#throwFailure();
  }

  /** Waits until no job uses a slot any more, whether the jobs failed or not. */
  async settle(): Promise<void> {
    await this.#tail;
  }

  async #flushBatch(): Promise<void> {
    const batch = this.#batch.splice(0);
    if (batch.length === 0) return;
    const frames = batch.map(({ frame: { length, crc32 } }) => ({ length, crc32 }));
    const job = {
      kind: 'copy',
      archiveFd: this.#options.previousFd!,
      offset: batch[0]!.frame.offset,
      frames,
    } as const;
    await this.#hand(job, (result, lease) => this.#copied(batch, result, lease));
  }

  /** Gives a job to the threads, and its result to `deliver` when all before it are delivered. */
  async #hand(
    job: Unslotted<FrameJob>,
    deliver: (result: FrameResult, lease: Lease) => Promise<void>,
  ): Promise<void> {
    const lease = this.#lease(await this.#options.arena.acquire());
    const result =
      this.#failure === undefined ? this.#options.threads.run({ ...job, slot: lease.slot }) : undefined;
    result?.catch(() => {}); // The failure is handled below, in its turn.
    this.#tail = this.#tail.then(async () => {
      try {
        const done = await result;
        if (done !== undefined && this.#failure === undefined) return await deliver(done, lease);
      } catch (cause) {
        this.#failure ??= { cause };
      }
      lease.release();
    });
    this.#throwFailure();
  }

  #lease(slot: number): Lease {
    let held = true;
    const release = (): void => {
      if (held) this.#options.arena.release(slot);
      held = false;
    };
    return { slot, release };
  }

  /** `seen`: the entries that were kept, as they were. */
  async #built(
    entries: LinkedEntry[],
    result: FrameResult,
    lease: Lease,
    seen: (IndexEntry | undefined)[] = [],
  ): Promise<void> {
    const { links } = this.#options;
    const linked = entries.filter((entry) => !links.isOrphan(entry));
    if (linked.length < entries.length)
      this.orphans.push(...entries.filter((entry) => links.isOrphan(entry)));
    // Nothing could be kept, or links to a file that is not there would have been.
    if (linked.length < entries.length || result.proofs.length === 0) return this.#rebuild(linked, lease);
    const outcomes = result.outcomes.values();
    const archived: PagedEntry[] = [];
    let reusable = true;
    let hashes = 0;
    for (const [n, entry] of entries.entries()) {
      const kept = seen[n];
      if (kept !== undefined) {
        const hash =
          kept.type === 'file' && kept.size > 0 ? { hash: viewOf(result.proofs, 32 * ++hashes) } : {};
        archived.push({ ...pagedAgain(kept), ...hash });
        continue;
      }
      const outcome = outcomes.next().value!;
      if (outcome.hashAt !== undefined) hashes++;
      if (entry.contentPath !== undefined || outcome.changed) reusable = false;
      archived.push(...this.#judge(entry, outcome, result.proofs));
    }
    if (archived.length === 0) return lease.release();
    await this.#write(result, lease, archived, 'entries', reusable);
  }

  /** Makes a frame again in the slot it has. This is rare, so it waits for the result. */
  async #rebuild(entries: LinkedEntry[], lease: Lease): Promise<void> {
    const result = await this.#options.threads.run({
      kind: 'build',
      slot: lease.slot,
      entries,
      headerOnly: false,
    });
    await this.#built(entries, result, lease);
  }

  async #headed(entry: LinkedEntry, result: FrameResult, lease: Lease): Promise<void> {
    const outcome = result.outcomes[0]!;
    this.#options.counts.noteXattrs(entry, outcome);
    const paged = pagedEntry(entry, outcome, result.proofs, true);
    await this.#write(result, lease, [paged], 'entries', entry.contentPath === undefined);
  }

  /** The index entry for an archived entry; undefined when the entry did not come into the archive. */
  #judge(entry: LinkedEntry, outcome: EntryOutcome, proofs: Uint8Array): PagedEntry[] {
    const { links, counts } = this.#options;
    if (outcome.failure === ORPHANED) {
      this.orphans.push(entry);
      return [];
    }
    if (outcome.failure !== undefined || (outcome.now !== undefined && outcome.now.ino !== entry.ino))
      links.lose(entry);
    if (outcome.failure !== undefined) {
      counts.fail(entry, outcome.failure);
      return [];
    }
    counts.note(entry, outcome);
    return [pagedEntry(entry, outcome, proofs, false)];
  }

  async #copied(batch: Reused[], result: FrameResult, lease: Lease): Promise<void> {
    const { arena, writer, index, links, counts } = this.#options;
    const orphaned = batch.some(({ entries }) => entries.some((entry) => links.isOrphan(entry)));
    if (result.length === 0 || orphaned) return this.#salvage(batch, lease);
    await writer.append(arena.view(lease.slot, result.length));
    lease.release();
    counts.reusedBytes += result.length;
    for (const { frame, entries } of batch) {
      await index.add(frame, entries.map(pagedAgain));
      this.#report(frame.rawLength, entries.length);
    }
  }

  /**
   * The previous archive is damaged here. Every frame of the batch is made from the sources, one after the other in
   * the one slot: waiting for a second slot could be a deadlock, because slots become free by this delivery.
   */
  async #salvage(batch: Reused[], lease: Lease): Promise<void> {
    for (const { origin } of batch) {
      await this.#remake(origin(), { slot: lease.slot, release: () => {} });
    }
    lease.release();
  }

  async #remake(origin: Origin, lease: Lease): Promise<void> {
    const { threads, counts } = this.#options;
    const { slot } = lease;
    if (origin.kind === 'entries') return this.#rebuild(origin.entries, lease);
    if (origin.kind === 'header') {
      const job: FrameJob = { kind: 'build', slot, entries: [origin.entry], headerOnly: true };
      return this.#headed(origin.entry, await threads.run(job), lease);
    }
    const { entry, kind: _, ...slice } = origin;
    const fd = openContent(entry);
    try {
      const result = await threads.run({
        kind: 'slice',
        slot,
        slice: { fd, ...slice, size: storedSizeOf(entry), opened: entry },
      });
      if (result.changed) counts.warnChanged(entry);
      await this.#write(result, lease, [], 'slice', !result.changed);
    } finally {
      closeSource(fd);
    }
  }

  async #write(
    result: FrameResult,
    lease: Lease,
    entries: PagedEntry[],
    kind: 'entries' | 'slice',
    reusable: boolean,
  ): Promise<void> {
    const { arena, writer, index, counts } = this.#options;
    const { length, rawLength, crc32, proofs } = result;
    await writer.append(arena.view(lease.slot, length));
    lease.release();
    if (result.copied) counts.reusedBytes += length;
    await index.add({ kind, length, rawLength, crc32, digest: viewOf(proofs, 0), reusable }, entries);
    this.#report(rawLength, entries.length);
  }

  #report(bytes: number, files: number): void {
    this.#progress.bytes += bytes;
    this.#progress.files += files;
    this.#options.progress({ phase: 'archive', ...this.#progress });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}

/** The right to use a slot until it is released. */
interface Lease {
  slot: number;
  release: () => void;
}

type Unslotted<Job> = Job extends unknown ? Omit<Job, 'slot'> : never;

function pagedEntry(
  entry: WalkEntry,
  { headerLength, hashAt, now, xattrs }: EntryOutcome,
  proofs: Uint8Array,
  sliced: boolean,
): PagedEntry {
  const { path, type, size, mode, uid, gid, mtimeNs, ctimeNs, ino, sparse, linkTarget, storedSize } = entry;
  return {
    ...{ path, type, size, mode, uid, gid, mtimeNs, ctimeNs, ino, sparse, sliced, headerLength },
    ...now,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(storedSize === undefined ? {} : { storedSize }),
    ...(xattrs === undefined ? {} : { xattrs: buffersOf(xattrs) }),
    ...(hashAt === undefined ? {} : { hash: viewOf(proofs, hashAt) }),
  };
}

function pagedAgain({ frame: _, headerOffset, dataOffset, ...entry }: IndexEntry): PagedEntry {
  return { ...entry, headerLength: dataOffset - headerOffset };
}

/** What a thread posts arrives as plain bytes. */
const buffersOf = (xattrs: Xattrs): Xattrs =>
  new Map(
    [...xattrs].map(([name, value]) => [name, Buffer.from(value.buffer, value.byteOffset, value.length)]),
  );

function viewOf(proofs: Uint8Array, at: number): Buffer {
  return Buffer.from(proofs.buffer, proofs.byteOffset + at, 32);
}
